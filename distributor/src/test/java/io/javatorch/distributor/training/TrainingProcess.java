package io.javatorch.distributor.training;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.javatorch.distributor.collective.CollectiveEndpoint;
import io.javatorch.distributor.collective.ProcessGroup;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A rank in a process of its own: reads all ranks' ports, trains, prints a line a step. */
final class TrainingProcess {
  private TrainingProcess() {}

  public static void main(String[] args) throws Exception {
    int rank = Integer.parseInt(args[0]);
    int samples = Integer.parseInt(args[1]);
    int offset = Integer.parseInt(args[2]);
    int globalBatch = Integer.parseInt(args[3]);
    int steps = Integer.parseInt(args[4]);
    CollectiveEndpoint endpoint = CollectiveEndpoint.open(InetAddress.getLoopbackAddress());
    System.out.println(endpoint.address().getPort());
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    List<InetSocketAddress> peers = new ArrayList<>();
    for (String port : in.readLine().trim().split(" ")) {
      peers.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
    }
    byte[] secret = in.readLine().getBytes(StandardCharsets.UTF_8);
    try (ProcessGroup group = endpoint.connect(rank, peers, secret, Duration.ofSeconds(60));
        NDManager manager = NDManager.newBaseManager()) {
      Block block = Problem.initialized(Problem.convolutional(), manager, rank);
      try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
        for (int step = 0; step < steps; step++) {
          int from = step * globalBatch + offset;
          try (NDManager batch = manager.newSubManager()) {
            StepResult result =
                trainer.step(
                    Problem.data(batch, from, samples), Problem.labels(batch, from, samples));
            System.out.println("step " + result.loss() + " " + trainer.parametersHash());
          }
        }
      }
    }
  }
}
