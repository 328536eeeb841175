package io.javatorch.distributor.collective;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A rank in a process of its own, for tests that kill or stop it. The test exchanges the addresses
 * over the standard streams.
 */
final class RankProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;
  final int rank;

  private RankProcess(int rank, Process process) {
    this.rank = rank;
    this.process = process;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts ranks that all-reduce buffers of {@code bytes} until something fails. */
  static List<RankProcess> start(
      int worldSize, int bytes, Duration callTimeout, boolean sharedMemory) throws IOException {
    List<RankProcess> ranks = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      Process process =
          new ProcessBuilder(
                  System.getProperty("java.home") + "/bin/java",
                  "-cp",
                  System.getProperty("java.class.path"),
                  "-XX:TieredStopAtLevel=1",
                  "-D" + CollectiveEndpoint.SHARED_MEMORY_PROPERTY + "=" + sharedMemory,
                  RankProcess.class.getName(),
                  Integer.toString(rank),
                  Integer.toString(bytes),
                  Long.toString(callTimeout.toMillis()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      ranks.add(new RankProcess(rank, process));
    }
    StringBuilder ports = new StringBuilder();
    for (RankProcess rank : ranks) {
      ports.append(rank.readLine()).append(' ');
    }
    for (RankProcess rank : ranks) {
      rank.process.getOutputStream().write((ports + "\n").getBytes(StandardCharsets.UTF_8));
      rank.process.getOutputStream().flush();
    }
    for (RankProcess rank : ranks) {
      String line = rank.readLine();
      if (!line.equals("connected")) {
        throw new IOException("rank " + rank.rank + " says " + line);
      }
    }
    return ranks;
  }

  String readLine() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new IOException("rank " + rank + " ended early");
    }
    return line;
  }

  /** The last line, once the process has ended. */
  String awaitEnd() throws Exception {
    String last = null;
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      last = line;
    }
    process.waitFor(10, TimeUnit.SECONDS);
    return last;
  }

  void kill() {
    process.destroyForcibly();
  }

  void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
        .inheritIO()
        .start()
        .waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  public static void main(String[] args) throws Exception {
    int rank = Integer.parseInt(args[0]);
    int bytes = Integer.parseInt(args[1]);
    Duration callTimeout = Duration.ofMillis(Long.parseLong(args[2]));
    CollectiveEndpoint endpoint = CollectiveEndpoint.open(InetAddress.getLoopbackAddress());
    System.out.println(endpoint.address().getPort());
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (String port : in.readLine().trim().split(" ")) {
      addresses.add(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
    }
    try (ProcessGroup group =
        endpoint.connect(rank, addresses, Ranks.SECRET, Duration.ofSeconds(30), callTimeout)) {
      System.out.println("connected");
      ByteBuffer data = ByteBuffer.allocateDirect(bytes);
      while (true) {
        try {
          group.allReduce(data, ElementType.FLOAT32, ReduceOp.SUM);
        } catch (RankLostException e) {
          System.out.println("lost " + e.ranks() + " " + e.getMessage());
          return;
        }
      }
    }
  }
}
