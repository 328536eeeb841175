package io.javatorch.distributor.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TrainingProcessesTest {
  private static final int STEPS = 8;

  @Test
  void ranksInProcessesOfTheirOwnHoldTheSameBitsAfterEveryStep() throws Exception {
    List<Process> processes = new ArrayList<>();
    List<BufferedReader> outputs = new ArrayList<>();
    int[] samples = {8, 5};
    try {
      StringBuilder ports = new StringBuilder();
      for (int rank = 0; rank < 2; rank++) {
        var builder =
            new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                "-Dai.djl.offline=true",
                "-DOPT_OUT_TRACKING=true",
                TrainingProcess.class.getName(),
                Integer.toString(rank),
                Integer.toString(samples[rank]),
                Integer.toString(rank * samples[0]),
                "13",
                Integer.toString(STEPS));
        // Other thread counts, other sums: the ranks must agree all the same.
        builder.environment().put("OMP_NUM_THREADS", Integer.toString(rank + 1));
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        processes.add(process);
        outputs.add(
            new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
      }
      for (BufferedReader output : outputs) {
        ports.append(output.readLine()).append(' ');
      }
      String secret = UUID.randomUUID().toString();
      for (Process process : processes) {
        process
            .getOutputStream()
            .write((ports + "\n" + secret + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
      }
      List<List<String>> lines = new ArrayList<>();
      for (BufferedReader output : outputs) {
        lines.add(output.lines().filter(line -> line.startsWith("step ")).toList());
      }
      assertThat(lines.get(0)).hasSize(STEPS).doesNotHaveDuplicates();
      assertThat(lines.get(1)).isEqualTo(lines.get(0));
      for (Process process : processes) {
        assertThat(process.waitFor()).isZero();
      }
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
  }
}
