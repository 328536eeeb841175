package io.javatorch.streaming.benchmark;

import io.javatorch.streaming.format.MdsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;

/**
 * The samples that both sides write and read: {@code (number int, text str of 64 to 136 characters,
 * blob bytes of 512 to 1536)}, half of the blob's bytes random, so that it compresses about as text
 * and pictures do.
 */
final class BenchmarkData {
  /** Samples that are made once and written again and again. */
  private static final int DISTINCT = 4096;

  private final String[] texts = new String[DISTINCT];
  private final byte[][] blobs = new byte[DISTINCT][];

  BenchmarkData() {
    var random = new SplittableRandom(1);
    for (int i = 0; i < DISTINCT; i++) {
      var text = new StringBuilder();
      for (int n = random.nextInt(64, 137); text.length() < n; ) {
        text.append((char) random.nextInt('a', 'z' + 1));
      }
      texts[i] = text.toString();
      blobs[i] = new byte[random.nextInt(512, 1537)];
      for (int at = 0; at < blobs[i].length; at++) {
        blobs[i][at] = (byte) (at % 2 == 0 ? random.nextInt() : 0);
      }
    }
  }

  String text(int sample) {
    return texts[sample % DISTINCT];
  }

  byte[] blob(int sample) {
    return blobs[sample % DISTINCT];
  }

  /** Writes a data set, without a compression if none is given. */
  void write(Path directory, int samples, String compression) throws IOException {
    var builder =
        MdsWriter.builder(directory)
            .column("blob", "bytes")
            .column("number", "int")
            .column("text", "str");
    if (!compression.isEmpty()) {
      builder.compression(compression);
    }
    try (var writer = builder.open()) {
      for (int i = 0; i < samples; i++) {
        writer.row().set(0, blob(i)).set(1, (long) i).set(2, text(i)).write();
      }
      writer.finish();
    }
  }

  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (var paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
