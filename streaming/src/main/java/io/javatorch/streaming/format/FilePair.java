package io.javatorch.streaming.format;

import java.util.Optional;

/**
 * A file of a shard in its two forms.
 *
 * @param raw the form that is read
 * @param zip the compressed form, which is the one that is stored, if compression was used
 */
public record FilePair(FileInfo raw, Optional<FileInfo> zip) {
  /** The form that is stored with the data set. */
  public FileInfo stored() {
    return zip.orElse(raw);
  }
}
