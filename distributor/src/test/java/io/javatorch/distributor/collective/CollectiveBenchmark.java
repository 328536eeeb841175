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
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Times all-reduce over real processes, beside PyTorch's Gloo in the same run: all contenders are
 * started first and then take turns, so that the machine's other load hits them alike. Run by
 * {@code bin/benchmark collective}. Arguments: world sizes such as {@code 2,4}, then optionally a
 * Python with PyTorch and the script that is Gloo's side.
 */
final class CollectiveBenchmark {
  private static final int[] SIZES = {
    4, 256, 4 << 10, 64 << 10, 1 << 20, 8 << 20, 25 << 20, 100 << 20
  };
  private static final int ROUNDS = 5;
  private static final long ROUND_BYTES = 100 << 20;

  private CollectiveBenchmark() {}

  /** The ranks of one contender; they time what they are told to and wait for more. */
  private static final class Contender implements AutoCloseable {
    private final List<Process> processes = new ArrayList<>();
    private final List<BufferedReader> outputs = new ArrayList<>();

    void add(Process process) {
      processes.add(process);
      outputs.add(
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
    }

    void tellAll(String line) throws IOException {
      for (Process process : processes) {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
      }
    }

    List<String> hearAll() throws IOException {
      List<String> lines = new ArrayList<>();
      for (BufferedReader output : outputs) {
        String line = output.readLine();
        if (line == null) {
          throw new IOException("a rank ended");
        }
        lines.add(line);
      }
      return lines;
    }

    /** Microseconds a call, of the slowest rank. */
    double time(int bytes, int calls) throws IOException {
      tellAll(bytes + " " + calls);
      return hearAll().stream().mapToDouble(Double::parseDouble).max().orElseThrow();
    }

    @Override
    public void close() {
      processes.forEach(Process::destroyForcibly);
    }
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("rank")) {
      rank(Integer.parseInt(args[1]));
      return;
    }
    for (String worldSize : args[0].split(",")) {
      compare(Integer.parseInt(worldSize), Arrays.asList(args).subList(1, args.length));
    }
  }

  private static void compare(int worldSize, List<String> python) throws Exception {
    Map<String, Contender> contenders = new LinkedHashMap<>();
    try {
      contenders.put("shared memory", ours(worldSize, true));
      contenders.put("sockets", ours(worldSize, false));
      if (!python.isEmpty()) {
        contenders.put("gloo", gloo(worldSize, python));
      }
      for (Contender contender : contenders.values()) {
        // Until the JIT has compiled both ways, small and large.
        contender.time(64, 3000);
        contender.time(1 << 20, 200);
      }
      System.out.printf(
          Locale.ROOT,
          "%n%d ranks on %d cores; all-reduce of float32, sum; median of %d rounds%n",
          worldSize,
          Runtime.getRuntime().availableProcessors(),
          ROUNDS);
      System.out.printf("%12s", "bytes");
      contenders.keySet().forEach(name -> System.out.printf("%16s us%16s GB/s", name, ""));
      System.out.println();
      for (int bytes : SIZES) {
        int calls = (int) Math.max(2, Math.min(500, ROUND_BYTES / bytes));
        Map<String, List<Double>> times = new LinkedHashMap<>();
        for (int round = -1; round < ROUNDS; round++) {
          for (var contender : contenders.entrySet()) {
            double micros = contender.getValue().time(bytes, calls);
            if (round >= 0) {
              times.computeIfAbsent(contender.getKey(), key -> new ArrayList<>()).add(micros);
            }
          }
        }
        System.out.printf("%12d", bytes);
        for (List<Double> list : times.values()) {
          Collections.sort(list);
          double median = list.get(list.size() / 2);
          System.out.printf(Locale.ROOT, "%19.1f%21.3f", median, bytes / median / 1e3);
        }
        System.out.println();
      }
    } finally {
      contenders.values().forEach(Contender::close);
    }
  }

  private static Contender ours(int worldSize, boolean sharedMemory) throws IOException {
    Contender contender = new Contender();
    for (int rank = 0; rank < worldSize; rank++) {
      contender.add(
          new ProcessBuilder(
                  System.getProperty("java.home") + "/bin/java",
                  "-Xmx256m",
                  "-XX:MaxDirectMemorySize=1g",
                  "-cp",
                  System.getProperty("java.class.path"),
                  "-D" + CollectiveEndpoint.SHARED_MEMORY_PROPERTY + "=" + sharedMemory,
                  CollectiveBenchmark.class.getName(),
                  "rank",
                  Integer.toString(rank))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    }
    contender.tellAll(String.join(" ", contender.hearAll()));
    contender.hearAll();
    return contender;
  }

  private static Contender gloo(int worldSize, List<String> python) throws IOException {
    Contender contender = new Contender();
    String port;
    try (var probe = new java.net.ServerSocket(0)) {
      port = Integer.toString(probe.getLocalPort());
    }
    for (int rank = 0; rank < worldSize; rank++) {
      List<String> command = new ArrayList<>(python);
      command.addAll(List.of(Integer.toString(rank), Integer.toString(worldSize), port));
      contender.add(
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }
    contender.hearAll();
    return contender;
  }

  private static void rank(int rank) throws Exception {
    CollectiveEndpoint endpoint = CollectiveEndpoint.open(InetAddress.getLoopbackAddress());
    System.out.println(endpoint.address().getPort());
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    List<InetSocketAddress> peers = new ArrayList<>();
    for (String port : in.readLine().trim().split(" ")) {
      peers.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
    }
    try (ProcessGroup group = endpoint.connect(rank, peers, Ranks.SECRET, Duration.ofSeconds(60))) {
      System.out.println("ready");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ");
        ByteBuffer data = ByteBuffer.allocateDirect(Integer.parseInt(words[0]));
        int calls = Integer.parseInt(words[1]);
        for (int i = 0; i < Math.max(1, calls / 10); i++) {
          group.allReduce(data, ElementType.FLOAT32, ReduceOp.SUM);
        }
        group.barrier();
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
          group.allReduce(data, ElementType.FLOAT32, ReduceOp.SUM);
        }
        System.out.println((System.nanoTime() - start) / 1e3 / calls);
      }
    }
  }
}
