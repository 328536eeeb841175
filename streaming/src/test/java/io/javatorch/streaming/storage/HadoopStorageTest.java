package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.auth.DatabricksAuth;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.PrivilegedExceptionAction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster.DataNodeProperties;
import org.apache.hadoop.security.UserGroupInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(MiniHdfs.Extension.class)
@Timeout(120)
class HadoopStorageTest {
  private static final RetryPolicy TWICE =
      new RetryPolicy(2, Duration.ofSeconds(20), Duration.ofMillis(10));

  @TempDir private Path here;

  private Path file(String text) throws IOException {
    return Files.writeString(here.resolve("file"), text);
  }

  private static String read(InputStream in) throws IOException {
    try (in) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void keepsTheContractOfAStorage(MiniHdfs hdfs) throws IOException {
    try (var storage = Storages.connect(hdfs.location())) {
      storage.put(file("one"), "a/b/file");
      storage.put(file("other"), "a/b/file");
      storage.put(file("1"), "a/with space, 100 % and #");
      storage.put(file(""), "empty");

      assertThat(storage.size("a/b/file")).isEqualTo(5);
      assertThat(read(storage.open("a/b/file", 0))).isEqualTo("other");
      assertThat(read(storage.open("a/b/file", 2))).isEqualTo("her");
      assertThat(read(storage.open("a/b/file", 5))).isEmpty();
      try (var in = storage.open("a/b/file", 1, 2)) {
        assertThat(in.readNBytes(2)).asString(StandardCharsets.UTF_8).isEqualTo("th");
      }
      assertThat(storage.list(""))
          .containsExactly(new StoredFile("a", true, 0), new StoredFile("empty", false, 0));
      assertThat(storage.list("a"))
          .containsExactly(
              new StoredFile("b", true, 0), new StoredFile("with space, 100 % and #", false, 1));
      assertThat(storage.list("a/b")).containsExactly(new StoredFile("file", false, 5));
      assertThat(storage.list("absent")).isEmpty();
      assertThatThrownBy(() -> storage.list("a/b/file")).isInstanceOf(NotDirectoryException.class);

      storage.delete("a/b/file");
      storage.delete("a/b/file");
      storage.delete("absent/file");
      assertThat(storage.list("a/b")).isEmpty();
    }
  }

  @Test
  void namesAFileThatIsMissing(MiniHdfs hdfs) throws IOException {
    var location = hdfs.location();
    try (var storage = Storages.connect(location)) {
      assertThatThrownBy(() -> storage.open("a/b", 0))
          .isInstanceOf(NoSuchFileException.class)
          .hasMessageContaining(location + "/a/b");
      assertThatThrownBy(() -> storage.size("a/b")).isInstanceOf(NoSuchFileException.class);
      storage.put(file("1"), "a/b");
      assertThatThrownBy(() -> storage.size("a")).isInstanceOf(NoSuchFileException.class);
      assertThatThrownBy(() -> storage.put(here.resolve("absent"), "c"))
          .isInstanceOf(NoSuchFileException.class)
          .hasMessageContaining(here.toString());
      assertThatThrownBy(() -> storage.put(file("1"), "a")).hasMessageContaining("directory");
      assertThat(storage.list("")).containsExactly(new StoredFile("a", true, 0));
    }
  }

  @Test
  void saysWhatMayNotBeDone(MiniHdfs hdfs) throws Exception {
    var location = hdfs.location();
    try (var own = Storages.connect(location)) {
      own.put(file("secret"), "file");
    }
    var directory = new org.apache.hadoop.fs.Path(location);
    hdfs.files().setPermission(directory, new FsPermission("700"));
    var stranger = UserGroupInformation.createRemoteUser("stranger");
    PrivilegedExceptionAction<Storage> connect = () -> Storages.connect(location);
    try (var storage = stranger.doAs(connect)) {
      for (var denied :
          new org.assertj.core.api.ThrowableAssert.ThrowingCallable[] {
            () -> storage.open("file", 0),
            () -> storage.size("file"),
            () -> storage.list(""),
            () -> storage.put(file("1"), "other"),
            () -> storage.delete("file")
          }) {
        assertThatThrownBy(denied)
            .isInstanceOf(AccessDeniedException.class)
            .hasMessageContaining(location)
            .hasMessageContaining("stranger");
      }
    }
  }

  @Test
  void readsOnWhileADataNodeStopsAndAfterAllHaveComeBack(MiniHdfs hdfs) throws Exception {
    var bytes = new byte[6_000_000];
    new Random(1).nextBytes(bytes);
    var source = Files.write(here.resolve("source"), bytes);
    var stopped = new ArrayList<DataNodeProperties>();
    try (var downloader = new Downloader(Storages.connect(hdfs.location()), TWICE);
        var storage = Storages.connect(downloader.location())) {
      storage.put(source, "large");
      try (var in = storage.open("large", 0)) {
        assertThat(in.readNBytes(1000)).startsWith(bytes[0], bytes[1]);
        stopped.add(hdfs.stopDataNode());
        assertThat(in.readAllBytes())
            .hasSize(bytes.length - 1000)
            .endsWith(bytes[bytes.length - 1]);
      }
      stopped.add(hdfs.stopDataNode());
      var target = here.resolve("target");
      assertThatThrownBy(() -> downloader.fetch("large", target))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot get large from " + downloader.location())
          .hasMessageContaining("2 attempts");
      assertThat(here).isDirectoryNotContaining("glob:**.tmp");
      hdfs.restart(stopped);
      stopped.clear();
      downloader.fetch("large", target);
      assertThat(target).hasSameBinaryContentAs(source);
    } finally {
      hdfs.restart(stopped);
    }
  }

  @Test
  void putsAFileWhereThereIsNoneYet(MiniHdfs hdfs) throws Exception {
    var storage = Storages.connect(hdfs.location());
    assertThat(storage.putNew(file("one"), "a/b/file")).isTrue();
    assertThat(storage.putNew(file("other"), "a/b/file")).isFalse();
    assertThat(storage.putNew(file("other"), "a/b")).isFalse();
    assertThat(storage.list("a/b")).containsExactly(new StoredFile("file", false, 3));
    assertThat(storage.list("a")).containsExactly(new StoredFile("b", true, 0));
  }

  @Test
  void ofManyThatPutANewFileOneSucceeds(MiniHdfs hdfs) throws Exception {
    var storage = Storages.connect(hdfs.location());
    var source = file("one");
    var threads = Executors.newFixedThreadPool(8);
    try {
      for (int round = 0; round < 5; round++) {
        var path = "a/file" + round;
        Callable<Boolean> put = () -> storage.putNew(source, path);
        int successes = 0;
        for (var result : threads.invokeAll(Collections.nCopies(8, put))) {
          successes += result.get() ? 1 : 0;
        }
        assertThat(successes).isEqualTo(1);
      }
    } finally {
      threads.shutdown();
    }
    assertThat(storage.list("a")).hasSize(5).allMatch(file -> file.name().startsWith("file"));
  }

  @Test
  void deletesADirectoryThatIsEmptyAndNoOther(MiniHdfs hdfs) throws Exception {
    var storage = Storages.connect(hdfs.location());
    storage.put(file("1"), "a/b/file");
    storage.deleteDirectory("a/b");
    storage.deleteDirectory("a");
    assertThat(storage.list("a/b")).hasSize(1);
    assertThatThrownBy(() -> storage.deleteDirectory("a/b/file"))
        .isInstanceOf(NotDirectoryException.class);
    storage.delete("a/b/file");
    storage.deleteDirectory("a/b");
    assertThat(storage.list("a")).isEmpty();
    storage.deleteDirectory("a/b");
    storage.deleteDirectory("a");
    assertThat(storage.list("")).isEmpty();
  }

  @Test
  void takesSettingsOfAnotherProcess() {
    var settings = Map.of("fs.mine.impl", "org.apache.hadoop.fs.LocalFileSystem");
    var nobody = DatabricksAuth.builder().build().source();
    assertThatThrownBy(() -> Storages.connect("mine:///data", nobody))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no storage for mine:///data");
    assertThatCode(() -> Storages.connect("mine:///data", nobody, settings).close())
        .doesNotThrowAnyException();
  }

  @Test
  void tellsTheVersionsOfAFileApart(MiniHdfs hdfs) throws Exception {
    var storage = Storages.connect(hdfs.location());
    storage.put(file("one"), "file");
    var first = version(storage.open("file", 1));
    assertThat(version(storage.open("file", 0, 2))).isEqualTo(first);
    storage.put(file("three"), "file");
    assertThat(version(storage.open("file", 1))).isNotEqualTo(first);
  }

  private static String version(InputStream in) throws IOException {
    try (in) {
      return ((VersionedInputStream) in).version();
    }
  }
}
