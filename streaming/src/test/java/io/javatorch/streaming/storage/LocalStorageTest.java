package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
