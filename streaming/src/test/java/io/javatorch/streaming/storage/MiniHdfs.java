package io.javatorch.streaming.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSCluster.DataNodeProperties;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * An HDFS with a name node and two data nodes in this JVM, started for the first test that has it
 * as a parameter and shared by all of the module.
 */
public final class MiniHdfs implements AutoCloseable {
  private final MiniDFSCluster cluster;
  private final AtomicInteger directories = new AtomicInteger();

  private MiniHdfs() throws IOException {
    var settings = new Configuration();
    settings.set(
        MiniDFSCluster.HDFS_MINIDFS_BASEDIR, Files.createTempDirectory("mini-hdfs-").toString());
    // A reader without a data node asks again after seconds, by default.
    settings.setInt("dfs.client.retry.window.base", 10);
    settings.setInt("dfs.replication", 2);
    settings.setBoolean("dfs.client.block.write.replace-datanode-on-failure.enable", false);
    cluster = new MiniDFSCluster.Builder(settings).numDataNodes(2).build();
    cluster.waitActive();
  }

  /** Hands the cluster to tests. */
  public static final class Extension implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == MiniHdfs.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(Namespace.GLOBAL)
          .getOrComputeIfAbsent(
              MiniHdfs.class,
              key -> {
                try {
                  return new MiniHdfs();
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
    }
  }

  /** The file system, as the user that may do all. */
  public FileSystem files() throws IOException {
    return cluster.getFileSystem();
  }

  /** A location that no other test has; the directory is not made. */
  public String location() throws IOException {
    // Its client is then the one that locations share, with the settings above.
    files();
    return cluster.getURI() + "/test-" + directories.incrementAndGet();
  }

  /** Stops a data node; the name node does not know yet. */
  public DataNodeProperties stopDataNode() {
    return cluster.stopDataNode(0);
  }

  /** Starts all that were stopped and waits until they serve. */
  public void restart(List<DataNodeProperties> nodes) throws IOException {
    for (var node : nodes) {
      // At its old port the connections of before may linger.
      cluster.restartDataNode(node, false);
    }
    cluster.waitActive();
  }

  @Override
  public void close() {
    cluster.shutdown(true);
  }
}
