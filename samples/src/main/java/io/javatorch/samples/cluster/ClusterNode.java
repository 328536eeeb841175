package io.javatorch.samples.cluster;

import java.io.IOException;

/**
 * The main class of {@link LocalCluster}'s processes: Spark's own master or worker, which ends when
 * the process that started it does, even if that was killed and could not clean up.
 */
public final class ClusterNode {
  private ClusterNode() {}

  /** Runs the main class named first with the arguments that follow. */
  public static void main(String[] arguments) throws ReflectiveOperationException {
    var watchdog = new Thread(ClusterNode::endWithParent, "end-with-parent");
    watchdog.setDaemon(true);
    watchdog.start();
    var rest = java.util.Arrays.copyOfRange(arguments, 1, arguments.length);
    Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // Nothing is ever said; only the end matters.
      }
    } catch (IOException e) {
      // As good as the end.
    }
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    Runtime.getRuntime().halt(0);
  }
}
