package io.javatorch.distributor.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a real process with SIGKILL at many points of a write. */
class KilledWriterTest {
  private static final int FLOATS = 100_000;

  @TempDir Path directory;

  private Process writer(String... arguments) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                "-XX:TieredStopAtLevel=1",
                KilledWriterTest.class.getName(),
                directory.toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  @Test
  void aProcessKilledAfterAnyPartOfTheWriteLeavesTheEarlierCheckpoint() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory);
    store.save(CheckpointStoreTest.sample(1, FLOATS));
    long size = Files.size(directory.resolve("checkpoint-000000000001.safetensors"));
    // Nothing, in the length, in the header, in the data, all but the rename.
    for (long bytes : new long[] {0, 5, 300, size / 2, size - 1, size}) {
      Process process = writer("dieAfter", Long.toString(bytes));
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(output).isEqualTo(128 + 9);
      assertThat(store.steps()).containsExactly(1L);
      CheckpointStoreTest.assertSame(
          store.latest().orElseThrow(), CheckpointStoreTest.sample(1, FLOATS));
    }
    // The rubbish of the dead does not hinder the living.
    store.save(CheckpointStoreTest.sample(2, FLOATS));
    assertThat(store.latest().orElseThrow().step()).isEqualTo(2);
  }

  @Test
  void aProcessKilledAtRandomWhileItSavesAgainAndAgainLeavesAWholeCheckpoint() throws Exception {
    for (int kill = 0; kill < 4; kill++) {
      Process process = writer("saveForever");
      // The first line says that the first save is done.
      assertThat(process.getInputStream().read()).isEqualTo('1');
      Thread.sleep(37L * kill);
      process.destroyForcibly();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      CheckpointStore store = CheckpointStore.in(directory);
      List<Long> steps = store.steps();
      Checkpoint latest = store.latest().orElseThrow();
      // Whole, and none was damaged.
      assertThat(latest.step()).isEqualTo(steps.get(steps.size() - 1));
      CheckpointStoreTest.assertSame(latest, CheckpointStoreTest.sample(latest.step(), FLOATS));
    }
  }

  /** The process that is killed. */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    if (args[1].equals("saveForever")) {
      CheckpointStore store = CheckpointStore.in(directory).keepLast(2);
      List<Long> before = store.steps();
      long step = before.isEmpty() ? 1 : before.get(before.size() - 1) + 1;
      store.save(CheckpointStoreTest.sample(step, FLOATS));
      System.out.println(1);
      while (true) {
        step++;
        store.save(CheckpointStoreTest.sample(step, FLOATS));
      }
    }
    long limit = Long.parseLong(args[2]);
    CheckpointStorage mortal = new MortalStorage(new LocalCheckpointStorage(directory), limit);
    CheckpointStore.in(mortal).save(CheckpointStoreTest.sample(2, FLOATS));
    System.out.println("still alive");
  }

  /** Kills its own process once so many bytes are written, before the file gets its name. */
  private record MortalStorage(CheckpointStorage storage, long limit) implements CheckpointStorage {
    @Override
    public List<String> names() throws IOException {
      return storage.names();
    }

    @Override
    public long size(String name) throws IOException {
      return storage.size(name);
    }

    @Override
    public ReadableByteChannel read(String name) throws IOException {
      return storage.read(name);
    }

    @Override
    public void write(String name, Content content) throws IOException {
      storage.write(
          name,
          out -> {
            content.writeTo(new MortalChannel(out, limit));
            die();
          });
    }

    @Override
    public void delete(String name) throws IOException {
      storage.delete(name);
    }

    @Override
    public String location() {
      return storage.location();
    }
  }

  private static final class MortalChannel implements WritableByteChannel {
    private final WritableByteChannel out;
    private long left;

    MortalChannel(WritableByteChannel out, long limit) {
      this.out = out;
      this.left = limit;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      if (bytes.remaining() > left) {
        out.write(bytes.slice(bytes.position(), (int) left));
        die();
      }
      left -= bytes.remaining();
      return out.write(bytes);
    }

    @Override
    public boolean isOpen() {
      return out.isOpen();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  private static void die() throws IOException {
    new ProcessBuilder("kill", "-KILL", Long.toString(ProcessHandle.current().pid())).start();
    while (true) {
      Thread.onSpinWait();
    }
  }
}
