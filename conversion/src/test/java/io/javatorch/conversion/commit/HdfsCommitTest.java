package io.javatorch.conversion.commit;

import static io.javatorch.conversion.commit.Conversions.longs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.commit.TargetJob.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that write into HDFS. */
class HdfsCommitTest {
  private static MiniDFSCluster cluster;
  private static FileSystem files;

  @TempDir private Path directory;
  private String location;
  private Conversions conversions;

  @BeforeAll
  static void start() throws IOException {
    var settings = new Configuration();
    settings.set(
        MiniDFSCluster.HDFS_MINIDFS_BASEDIR, Files.createTempDirectory("mini-hdfs-").toString());
    settings.setInt("dfs.replication", 1);
    cluster = new MiniDFSCluster.Builder(settings).numDataNodes(1).build();
    cluster.waitActive();
    files = cluster.getFileSystem();
  }

  @AfterAll
  static void stop() {
    cluster.shutdown(true);
  }

  @BeforeEach
  void choosePlace(TestInfo test) {
    location = cluster.getURI() + "/" + test.getTestMethod().orElseThrow().getName();
    conversions = Conversions.to(location);
  }

  private List<Object> values() throws IOException {
    var copy = Files.createTempDirectory(directory, "copy").resolve("out");
    files.copyToLocalFile(
        false,
        new org.apache.hadoop.fs.Path(location),
        new org.apache.hadoop.fs.Path(copy.toUri()),
        true);
    return Conversions.values(copy);
  }

  private List<String> names() throws IOException {
    var names = new ArrayList<String>();
    var root = new org.apache.hadoop.fs.Path(location);
    if (files.exists(root)) {
      for (var all = files.listFiles(root, true); all.hasNext(); ) {
        names.add(all.next().getPath().toString().substring(location.length() + 1));
      }
    }
    return names.stream().sorted().toList();
  }

  private List<String> directories() throws IOException {
    var names = new ArrayList<String>();
    for (var entry : files.listStatus(new org.apache.hadoop.fs.Path(location))) {
      if (entry.isDirectory()) {
        names.add(entry.getPath().getName());
      }
    }
    return names;
  }

  @Test
  void appendsAndReplaces() throws IOException {
    conversions.convert(Mode.ERROR, 0, 30, 60);
    conversions.convert(Mode.APPEND, 60, 63);
    assertThat(values()).isEqualTo(longs(0, 63));
    assertThat(directories()).containsExactly("part-00000", "part-00001", "part-00002");

    conversions.convert(Mode.OVERWRITE, 100, 103);

    assertThat(values()).isEqualTo(longs(100, 103));
    assertThat(names()).hasSize(3);
    assertThat(directories()).containsExactly("part-00000");
    assertThatThrownBy(() -> conversions.convert(Mode.ERROR, 1, 2))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("is not empty");
  }

  @Test
  void leavesTheOldDataSetOnAbort() throws IOException {
    conversions.convert(Mode.ERROR, 0, 30);
    var before = names();
    for (var mode : List.of(Mode.APPEND, Mode.OVERWRITE)) {
      var job = conversions.begin(mode);
      conversions.write(job, 50, 80, 90);
      assertThat(names()).hasSizeGreaterThan(before.size());

      job.abort();

      assertThat(names()).isEqualTo(before);
      assertThat(directories()).containsExactly("part-00000");
    }
    assertThat(values()).isEqualTo(longs(0, 30));
  }

  @Test
  void refusesASecondJobAndTakesOverADeadOne() throws IOException {
    var first = conversions.begin(Mode.ERROR);
    conversions.write(first, 0, 3, 6);
    assertThatThrownBy(() -> conversions.patient().begin(Mode.OVERWRITE))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("is being written by another conversion");
    first.vanish();

    conversions.convert(Mode.ERROR, 10, 13);

    assertThat(values()).isEqualTo(longs(10, 13));
    assertThat(names()).hasSize(3);
  }
}
