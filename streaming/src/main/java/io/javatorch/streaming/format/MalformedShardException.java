package io.javatorch.streaming.format;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Says that a file of a data set is not what it should be: damaged, truncated, of another size or
 * hash than the index declares, or hostile. The message names the file and, as far as they are
 * known, the sample, the column and the byte position, and ends with what to do.
 */
public final class MalformedShardException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final long sample;
  private final String column;
  private final long position;
  private final String problem;

  MalformedShardException(Where where, String problem, String remedy) {
    this(where, problem, remedy, null);
  }

  MalformedShardException(Where where, String problem, String remedy, Throwable cause) {
    super(where + ": " + problem + ". " + remedy + ".", cause);
    this.file = where.file;
    this.sample = where.sample;
    this.column = where.column;
    this.position = where.position;
    this.problem = problem;
  }

  /** The file at fault. */
  public String file() {
    return file;
  }

  /** The sample within the file, counted from 0, if the fault lies in one. */
  public OptionalLong sample() {
    return sample < 0 ? OptionalLong.empty() : OptionalLong.of(sample);
  }

  /** The column, if the fault lies in one. */
  public Optional<String> column() {
    return Optional.ofNullable(column);
  }

  /** The byte position within the file, if known. */
  public OptionalLong position() {
    return position < 0 ? OptionalLong.empty() : OptionalLong.of(position);
  }

  /** What is wrong, without the place and the advice. */
  public String problem() {
    return problem;
  }

  /** A place in a file; a negative number or null stands for unknown. */
  record Where(String file, long sample, String column, long position) {
    static Where in(Path file) {
      return new Where(file.toString(), -1, null, -1);
    }

    Where sample(long sample) {
      return new Where(file, sample, column, position);
    }

    Where column(String column) {
      return new Where(file, sample, column, position);
    }

    Where at(long position) {
      return new Where(file, sample, column, position);
    }

    @Override
    public String toString() {
      var text = new StringBuilder(file);
      if (sample >= 0) {
        text.append(", sample ").append(sample);
      }
      if (column != null) {
        text.append(", column '").append(column).append('\'');
      }
      if (position >= 0) {
        text.append(", byte ").append(position);
      }
      return text.toString();
    }
  }
}
