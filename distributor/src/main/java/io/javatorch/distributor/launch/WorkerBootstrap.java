package io.javatorch.distributor.launch;

/**
 * The line a worker reads from its standard input: where its starter listens on the loopback
 * interface, the secret between the two, and the secret between the ranks.
 */
record WorkerBootstrap(int controlPort, JobSecret controlSecret, JobSecret jobSecret) {
  String toLine() {
    return controlPort + " " + controlSecret.toBase64() + " " + jobSecret.toBase64() + "\n";
  }

  static WorkerBootstrap parse(String line) {
    var parts = line.strip().split(" ");
    if (parts.length != 3) {
      throw new IllegalArgumentException("a worker is started by the launcher, not by hand");
    }
    return new WorkerBootstrap(
        Integer.parseInt(parts[0]), JobSecret.fromBase64(parts[1]), JobSecret.fromBase64(parts[2]));
  }
}
