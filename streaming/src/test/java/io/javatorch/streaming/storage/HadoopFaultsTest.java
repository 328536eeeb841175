package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file system does that is not as good as HDFS. */
class HadoopFaultsTest {
  @TempDir private Path root;
  private Path store;
  private Path source;

  @BeforeEach
  void makeAFile() throws IOException {
    store = Files.createDirectory(root.resolve("store"));
    Files.writeString(store.resolve("file"), "old content");
    source = Files.writeString(root.resolve("source"), "new content");
    OddFileSystem.OPENED.clear();
  }

  @Test
  void replacesAFileWhereThereIsNoAtomicWay() throws IOException {
    try (var storage = OddFileSystem.storage(store, "none")) {
      storage.put(source, "file");
      storage.put(source, "another");
    }
    assertThat(store.resolve("file")).hasContent("new content");
    assertThat(store).isDirectoryNotContaining("glob:**.{tmp,old}");
  }

  @Test
  void aFileThatCannotBeReplacedStays() throws IOException {
    try (var storage = OddFileSystem.storage(store, "rename")) {
      assertThatThrownBy(() -> storage.put(source, "file"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("could not be renamed");
      assertThatThrownBy(() -> storage.put(source, "another")).isInstanceOf(IOException.class);
    }
    assertThat(store.resolve("file")).hasContent("old content");
    assertThat(store).isDirectoryNotContaining("glob:**.{tmp,old}");
    assertThat(store.resolve("another")).doesNotExist();
  }

  @Test
  void aPartIsReadByOneRequestOfItsLength() throws IOException {
    try (var storage = OddFileSystem.storage(store, "none")) {
      try (var in = storage.open("file", 4, 7)) {
        assertThat(in.readNBytes(7)).asString().isEqualTo("content");
      }
      assertThat(OddFileSystem.OPENED).containsExactly("random", "readahead 7");
      OddFileSystem.OPENED.clear();
      storage.open("file", 4).close();
      assertThat(OddFileSystem.OPENED).containsExactly("sequential");
    }
  }

  @Test
  void aStreamThatCannotSeekIsClosed() throws IOException {
    int before = OddFileSystem.OPEN_STREAMS.get();
    try (var storage = OddFileSystem.storage(store, "seek")) {
      for (int i = 0; i < 2; i++) {
        long length = i;
        assertThatThrownBy(
                () -> {
                  try (var in =
                      length == 0 ? storage.open("file", 4) : storage.open("file", 4, length)) {
                    in.read();
                  }
                })
            .isInstanceOf(IOException.class)
            .hasMessageContaining("odd://seek" + store + "/file")
            .hasMessageContaining("no seeking today");
      }
    }
    assertThat(OddFileSystem.OPEN_STREAMS).hasValue(before);
  }

  @Test
  void failuresOfAnyKindAreTriedAgainAndNameThePlace() throws IOException {
    var twice = new RetryPolicy(2, Duration.ofSeconds(20), Duration.ofMillis(1));
    for (var failure : new String[] {"connect", "status"}) {
      try (var downloader = new Downloader(OddFileSystem.storage(store, failure), twice)) {
        assertThatThrownBy(() -> downloader.size("file"))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("odd://" + failure + store)
            .hasMessageContaining("2 attempts")
            .hasMessageContaining(failure.equals("connect") ? "nohost" : "control connection");
      }
    }
    try (var storage = OddFileSystem.storage(store, "missing")) {
      assertThatThrownBy(() -> storage.size("file"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("com/example/Sdk")
          .hasMessageContaining("MDS_CLASSPATH");
    }
  }

  @Test
  void noPasswordIsInAFailure() throws IOException {
    try (var storage = OddFileSystem.storage(store, "me:hunter2@tells")) {
      assertThatThrownBy(() -> storage.size("file"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot reach odd://me:***@tells")
          .satisfies(
              e -> {
                for (var cause = e; cause != null; cause = cause.getCause()) {
                  assertThat(cause.toString()).doesNotContain("hunter2");
                }
              });
    }
  }

  @Test
  void noPasswordIsInAMessageAboutALocation() {
    var settings = new Configuration();
    for (var location : new String[] {"f_p://me:hunter2@host/a", "f_p://me:hun/ter2@host/a"}) {
      assertThatThrownBy(() -> HadoopStorage.connect(location, settings))
          .satisfies(
              e -> {
                for (var cause = e; cause != null; cause = cause.getCause()) {
                  assertThat(cause.toString()).doesNotContain("hun");
                }
              });
    }
    assertThatThrownBy(() -> Storages.connect("nosuch://user:hunter2@/x"))
        .hasMessageContaining("nosuch://user:***@/x")
        .satisfies(e -> assertThat(e.toString()).doesNotContain("hunter2"));
    assertThatThrownBy(() -> Storages.connect("file://me:hunter2@host/a b"))
        .satisfies(e -> assertThat(e.toString()).doesNotContain("hunter2"));
  }
}
