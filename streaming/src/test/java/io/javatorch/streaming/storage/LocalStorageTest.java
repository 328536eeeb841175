package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalStorageTest {
  @TempDir private Path root;
  @TempDir private Path elsewhere;
  private LocalStorage storage;

  @BeforeEach
  void connect() {
    storage = new LocalStorage(root);
  }

  private Path file(String text) throws IOException {
    return Files.writeString(elsewhere.resolve("file"), text);
  }

  @Test
  void putsFilesWhereNoDirectoryIsYetAndReplacesThem() throws IOException {
    storage.put(file("one"), "a/b/file");
    storage.put(file("other"), "a/b/file");

    try (var in = storage.open("a/b/file", 2)) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("her");
    }
    assertThat(storage.list("a/b")).containsExactly(new StoredFile("file", false, 5));
  }

  @Test
  void tellsTheVersionsOfAFileApart() throws IOException {
    storage.put(file("one"), "file");
    String first = version();
    assertThat(version()).isEqualTo(first);
    storage.put(file("three"), "file");
    assertThat(version()).isNotEqualTo(first);
  }

  private String version() throws IOException {
    try (var in = storage.open("file", 1)) {
      return ((VersionedInputStream) in).version();
    }
  }

  @Test
  void listsTheEntriesOfOneDirectoryByName() throws IOException {
    storage.put(file("1"), "b");
    storage.put(file("22"), "a/file");
    storage.put(file("333"), "c");

    assertThat(storage.list(""))
        .containsExactly(
            new StoredFile("a", true, 0),
            new StoredFile("b", false, 1),
            new StoredFile("c", false, 3));
    assertThat(storage.list("absent")).isEmpty();
  }

  @Test
  void deletesAFileThatMayNotBeThere() throws IOException {
    storage.put(file("1"), "a/file");
    storage.delete("a/file");
    storage.delete("a/file");
    assertThat(storage.list("a")).isEmpty();
  }

  @Test
  void putsAFileWhereThereIsNoneYet() throws Exception {
    assertThat(storage.putNew(file("one"), "a/b/file")).isTrue();
    assertThat(storage.putNew(file("other"), "a/b/file")).isFalse();
    assertThat(storage.putNew(file("other"), "a/b")).isFalse();
    assertThat(storage.list("a/b")).containsExactly(new StoredFile("file", false, 3));
    assertThat(storage.list("a")).containsExactly(new StoredFile("b", true, 0));
  }

  @Test
  void ofManyThatPutANewFileOneSucceeds() throws Exception {
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
  void deletesADirectoryThatIsEmptyAndNoOther() throws Exception {
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
}
