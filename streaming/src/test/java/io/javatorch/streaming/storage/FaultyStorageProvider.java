package io.javatorch.streaming.storage;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/**
 * A store over a directory of this host that fails on demand: {@code faulty:/path?fault,fault,…}.
 * The faults befall the first, second, … time that each file is opened; afterwards all goes well.
 * Those that begin with {@code put-} befall the first, second, … time that each file is put; those
 * that begin with {@code all-puts-} befall each time, and {@code index-} each time for the index.
 */
public final class FaultyStorageProvider implements StorageProvider {
  @Override
  public List<String> schemes() {
    return List.of("faulty");
  }

  @Override
  public Storage connect(String location) {
    int question = location.indexOf('?');
    Path root = Path.of(location.substring("faulty:".length(), question));
    var faults = List.of(location.substring(question + 1).split(","));
    return new Faulty(
        root,
        faults.stream().filter(fault -> !fault.matches("(put|all-puts|index)-.*")).toList(),
        faults.stream().filter(fault -> fault.startsWith("put-")).toList(),
        faults.stream().filter(fault -> fault.startsWith("all-puts-")).findFirst(),
        faults.stream().filter(fault -> fault.startsWith("index-")).findFirst());
  }

  private static final class Faulty implements Storage {
    private final Path root;
    private final List<String> faults;
    private final List<String> putFaults;
    private final Optional<String> allPuts;
    private final Optional<String> indexPuts;
    private final Map<String, Integer> puts = new ConcurrentHashMap<>();
    private final Map<String, Integer> opened = new ConcurrentHashMap<>();
    private final Map<String, Integer> sized = new ConcurrentHashMap<>();

    Faulty(
        Path root,
        List<String> faults,
        List<String> putFaults,
        Optional<String> allPuts,
        Optional<String> indexPuts) {
      this.root = root;
      this.faults = faults;
      this.putFaults = putFaults;
      this.allPuts = allPuts;
      this.indexPuts = indexPuts;
    }

    @Override
    public InputStream open(String path, long offset) throws IOException {
      byte[] bytes = Files.readAllBytes(root.resolve(path));
      if (path.endsWith("index.json")) {
        return new ByteArrayInputStream(bytes);
      }
      int time = opened.merge(path, 1, Integer::sum);
      String fault = time <= faults.size() ? faults.get(time - 1) : "none";
      int from = Math.toIntExact(offset);
      int rest = bytes.length - from;
      return switch (fault) {
        case "none", "stall-size" -> new ByteArrayInputStream(bytes, from, rest);
        case "refuse" -> throw new IOException("503");
        case "denied" -> throw new AccessDeniedException(path);
        case "short" -> new ByteArrayInputStream(bytes, from, rest / 2);
        case "long" -> {
          byte[] more = java.util.Arrays.copyOfRange(bytes, from, bytes.length + 1);
          yield new ByteArrayInputStream(more);
        }
        case "corrupt" -> {
          bytes[bytes.length - 1] ^= 1;
          yield new ByteArrayInputStream(bytes, from, rest);
        }
        case "drop" -> new Dropping(new ByteArrayInputStream(bytes, from, rest), rest / 3);
        case "stall" -> new Stalling();
        case "stall-open" -> throw hang();
        case "stall-end" ->
            new SequenceInputStream(
                new ByteArrayInputStream(bytes, from, rest), new StallingForGood());
        default -> throw new IllegalArgumentException(fault);
      };
    }

    @Override
    public long size(String path) throws IOException {
      if (faults.contains("stall-size") && sized.merge(path, 1, Integer::sum) == 1) {
        throw hang();
      }
      return Files.size(root.resolve(path));
    }

    @Override
    public List<StoredFile> list(String directory) throws IOException {
      return new LocalStorage(root).list(directory);
    }

    @Override
    public void put(Path source, String path) throws IOException {
      int time = puts.merge(path, 1, Integer::sum);
      String fault = time <= putFaults.size() ? putFaults.get(time - 1) : allPuts.orElse("");
      if (path.equals("index.json") && indexPuts.isPresent()) {
        fault = indexPuts.get();
      }
      switch (fault.replaceFirst("^(put|all-puts|index)-", "")) {
        case "" -> {}
        case "refuse" -> throw new IOException("503");
        case "denied" -> throw new AccessDeniedException(path);
        case "hang" -> throw hang();
        case "wait" -> new Stalling().read();
        case "slow" -> pause();
        default -> throw new IllegalArgumentException(fault);
      }
      new LocalStorage(root).put(source, path);
    }

    @Override
    public void delete(String path) throws IOException {
      new LocalStorage(root).delete(path);
    }

    @Override
    public String location() {
      return "faulty:" + root;
    }

    @Override
    public void close() {}
  }

  private static final class Dropping extends FilterInputStream {
    private int left;

    Dropping(InputStream in, int left) {
      super(in);
      this.left = left;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        throw new IOException("connection reset");
      }
      int n = super.read(bytes, offset, Math.min(left, length));
      left -= n;
      return n;
    }
  }

  /** Gives nothing until it is closed. */
  private static final class Stalling extends InputStream {
    private final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public int read() throws IOException {
      try {
        closed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      throw new IOException("stream closed");
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return read();
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(30);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** Neither returns nor listens to anybody. */
  private static IOException hang() {
    var never = new CountDownLatch(1);
    while (true) {
      try {
        never.await();
      } catch (InterruptedException e) {
        // That is the fault.
        continue;
      }
      return new IOException("it ended");
    }
  }

  private static final class StallingForGood extends InputStream {
    @Override
    public int read() throws IOException {
      throw hang();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      throw hang();
    }

    @Override
    public void close() throws IOException {
      throw hang();
    }
  }
}
