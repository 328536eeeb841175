package io.javatorch.streaming;

/**
 * A sample could not be read, transformed or put in its batch. The message names the sample; the
 * cause says why.
 */
public final class SampleReadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long sampleId;

  SampleReadException(long sampleId, Throwable cause) {
    super("sample " + sampleId + ": " + cause, cause);
    this.sampleId = sampleId;
  }

  /** The sample's id in its data set. */
  public long sampleId() {
    return sampleId;
  }
}
