package io.javatorch.distributor.collective;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs ranks as threads of this JVM, connected over real loopback sockets. */
public final class Ranks {
  static final byte[] SECRET =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private Ranks() {}

  public interface Body<T> {
    T run(ProcessGroup group) throws Exception;
  }

  /** What each rank returned, or the exception that it threw. */
  public record Outcome<T>(T value, Throwable error) {}

  public static <T> List<T> run(int worldSize, Body<T> body) throws Exception {
    return run(worldSize, true, body);
  }

  static <T> List<T> run(int worldSize, boolean sharedMemory, Body<T> body) throws Exception {
    List<T> values = new ArrayList<>();
    for (Outcome<T> outcome :
        outcomes(
            worldSize,
            InetAddress.getLoopbackAddress(),
            Duration.ofSeconds(60),
            sharedMemory,
            body)) {
      if (outcome.error() != null) {
        throw new AssertionError(outcome.error());
      }
      values.add(outcome.value());
    }
    return values;
  }

  public static <T> List<Outcome<T>> outcomes(int worldSize, Duration callTimeout, Body<T> body)
      throws Exception {
    return outcomes(worldSize, InetAddress.getLoopbackAddress(), callTimeout, true, body);
  }

  static <T> List<Outcome<T>> outcomes(
      int worldSize, InetAddress address, Duration callTimeout, boolean sharedMemory, Body<T> body)
      throws Exception {
    List<CollectiveEndpoint> endpoints = new ArrayList<>();
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      endpoints.add(CollectiveEndpoint.open(address));
      addresses.add(endpoints.get(rank).address());
    }
    ExecutorService threads = Executors.newFixedThreadPool(worldSize);
    try {
      List<Future<T>> futures = new ArrayList<>();
      for (int rank = 0; rank < worldSize; rank++) {
        int me = rank;
        futures.add(
            threads.submit(
                () -> {
                  try (ProcessGroup group =
                      endpoints
                          .get(me)
                          .connect(
                              me,
                              addresses,
                              SECRET,
                              Duration.ofSeconds(30),
                              callTimeout,
                              sharedMemory)) {
                    return body.run(group);
                  }
                }));
      }
      List<Outcome<T>> outcomes = new ArrayList<>();
      for (Future<T> future : futures) {
        try {
          outcomes.add(new Outcome<>(future.get(), null));
        } catch (ExecutionException e) {
          outcomes.add(new Outcome<>(null, e.getCause()));
        }
      }
      return outcomes;
    } finally {
      threads.shutdownNow();
    }
  }
}
