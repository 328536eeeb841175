package io.javatorch.distributor.checkpoint;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one job: files {@code checkpoint-<step>.safetensors} in one directory. A file
 * is whole or not there, however the process that writes it ends; a file that is damaged later is
 * found by its hash and passed over. One rank writes; any number may read.
 *
 * <p>The format is a safetensors file, with tensors {@code model/<parameter>} and {@code
 * optimizer/<kind>/<parameter>} and the rest in its metadata. Python reads the tensors with {@code
 * safetensors.torch.load_file}.
 */
public final class CheckpointStore {
  /** How many checkpoints are kept unless the store is told otherwise. */
  public static final int DEFAULT_KEEP_LAST = 3;

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
  private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{12,18})\\.safetensors");

  private final CheckpointStorage storage;
  private final int keepLast;

  private CheckpointStore(CheckpointStorage storage, int keepLast) {
    if (keepLast < 1) {
      throw new IllegalArgumentException("at least one checkpoint must be kept, not " + keepLast);
    }
    this.storage = Objects.requireNonNull(storage, "storage");
    this.keepLast = keepLast;
  }

  /** A store in a local or mounted directory, which is created when it is first written to. */
  public static CheckpointStore in(Path directory) {
    return new CheckpointStore(new LocalCheckpointStorage(directory), DEFAULT_KEEP_LAST);
  }

  /** A store in any storage. */
  public static CheckpointStore in(CheckpointStorage storage) {
    return new CheckpointStore(storage, DEFAULT_KEEP_LAST);
  }

  /**
   * The same store, keeping this many checkpoints: after each save, the older ones are deleted.
   *
   * @throws IllegalArgumentException if {@code count} is less than 1
   */
  public CheckpointStore keepLast(int count) {
    return new CheckpointStore(storage, count);
  }

  /**
   * Saves a checkpoint under its step, replacing one of the same step. When this returns, the
   * checkpoint is on disk and {@link #latest} finds it.
   *
   * @throws IOException if it could not be written; the earlier ones are as they were
   */
  public void save(Checkpoint checkpoint) throws IOException {
    CheckpointFormat format = CheckpointFormat.of(checkpoint);
    storage.write(name(checkpoint.step()), format::write);
    List<Long> newestFirst = new ArrayList<>(steps());
    Collections.reverse(newestFirst);
    newestFirst.remove(checkpoint.step());
    for (long step :
        newestFirst.subList(Math.min(keepLast - 1, newestFirst.size()), newestFirst.size())) {
      storage.delete(name(step));
    }
  }

  /**
   * The checkpoint of the highest step that is whole. Damaged ones are passed over with a warning,
   * and left where they are.
   *
   * @throws IOException if the directory cannot be read
   */
  public Optional<Checkpoint> latest() throws IOException {
    List<Long> newestFirst = new ArrayList<>(steps());
    Collections.reverse(newestFirst);
    for (long step : newestFirst) {
      try {
        return Optional.of(load(step));
      } catch (IOException e) {
        LOG.warn("Passed over a checkpoint: {}", e.getMessage());
      }
    }
    return Optional.empty();
  }

  /**
   * The checkpoint of a step.
   *
   * @throws CheckpointException if it is damaged
   * @throws IOException if it is not there or cannot be read
   */
  public Checkpoint load(long step) throws IOException {
    String name = name(step);
    try (ReadableByteChannel in = storage.read(name)) {
      Checkpoint checkpoint = CheckpointFormat.read(in, storage.size(name));
      if (checkpoint.step() != step) {
        throw new CheckpointException("it is of step " + checkpoint.step());
      }
      return checkpoint;
    } catch (CheckpointException e) {
      throw new CheckpointException(
          storage.location() + "/" + name + " is damaged: " + e.getMessage(), e);
    }
  }

  /** The steps of which there are checkpoints, ascending, damaged ones included. */
  public List<Long> steps() throws IOException {
    TreeSet<Long> steps = new TreeSet<>();
    for (String name : storage.names()) {
      Matcher matcher = NAME.matcher(name);
      if (matcher.matches()) {
        steps.add(Long.parseLong(matcher.group(1)));
      }
    }
    return List.copyOf(steps);
  }

  private static String name(long step) {
    return String.format(Locale.ROOT, "checkpoint-%012d.safetensors", step);
  }
}
