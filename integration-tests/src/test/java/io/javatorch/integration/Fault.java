package io.javatorch.integration;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A function of a query that hands its argument on, until it comes to one row in the middle of a
 * partition: there it does harm, the first time or each time. It leaves notes in a directory that
 * the test sees.
 */
final class Fault implements UDF1<Long, Long>, Serializable {
  private static final long serialVersionUID = 1L;

  /** What to do in the task of that row. */
  enum Kind {
    /** Nothing. */
    NONE,
    /** Throws, at the first attempt only. */
    THROW_ONCE,
    /** Throws at every attempt. */
    THROW,
    /** Waits to be killed, with all of its process, the first time. */
    WAIT_ONCE,
    /** Goes on when the job is over, the first time: a speculative attempt overtakes it. */
    STRAGGLE_ONCE,
    /** Deletes what fills the disk, whatever the row, at the second attempt. */
    MAKE_ROOM
  }

  private final Kind kind;
  private final long row;
  private final String directory;

  Fault(Kind kind, long row, Path directory) {
    this.kind = kind;
    this.row = row;
    this.directory = directory.toString();
  }

  @Override
  public Long call(Long id) throws Exception {
    if (id == row || kind == Kind.MAKE_ROOM) {
      strike(TaskContext.get());
    }
    return id;
  }

  private void strike(TaskContext task) throws Exception {
    var notes = Path.of(directory);
    switch (kind) {
      case NONE -> {}
      case THROW_ONCE -> {
        if (task.attemptNumber() == 0) {
          note(notes, "thrown");
          throw new IllegalStateException("the first attempt fails");
        }
      }
      case THROW -> {
        note(notes, "thrown");
        throw new IllegalStateException("every attempt fails");
      }
      case WAIT_ONCE -> {
        if (note(notes, "waits")) {
          TimeUnit.MINUTES.sleep(2);
        }
      }
      case STRAGGLE_ONCE -> {
        if (note(notes, "straggles")) {
          TaskCompletionListener end = done -> noteQuietly(notes, "straggler-ended");
          task.addTaskCompletionListener(end);
          awaitWhateverComes(notes.resolve("job-is-over"));
        }
      }
      case MAKE_ROOM -> {
        if (task.attemptNumber() > 0) {
          Files.deleteIfExists(notes.resolve("filler"));
        }
      }
    }
  }

  /** Spark interrupts the attempt that was overtaken, and this one does not care. */
  private static void awaitWhateverComes(Path note) {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!Files.exists(note) && System.nanoTime() < end) {
      try {
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (InterruptedException e) {
        // It is a zombie.
      }
    }
  }

  /** Whether this is the first to leave that note, which holds the process's id. */
  private static boolean note(Path notes, String name) throws IOException {
    try {
      Files.createFile(notes.resolve(name + "-claimed"));
    } catch (FileAlreadyExistsException e) {
      return false;
    }
    var written =
        Files.writeString(
            notes.resolve(name + ".tmp"), Long.toString(ProcessHandle.current().pid()));
    Files.move(written, notes.resolve(name));
    return true;
  }

  private static void noteQuietly(Path notes, String name) {
    try {
      note(notes, name);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
