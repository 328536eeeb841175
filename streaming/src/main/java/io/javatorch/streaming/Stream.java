package io.javatorch.streaming;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.streaming.order.StreamWeight;
import io.javatorch.streaming.storage.Locations;
import io.javatorch.streaming.storage.RetryPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A part of a data set that has an index of its own: where it lies, and how much of it an epoch
 * draws. What is not set here is taken from the data set. Immutable.
 */
public final class Stream {
  private final Optional<String> remote;
  private final Optional<Path> local;
  private final Optional<String> split;
  private final StreamWeight weight;
  private final Optional<String> validateHash;
  private final Optional<Boolean> keepZip;
  private final Optional<Integer> downloadAttempts;
  private final Optional<Duration> downloadTimeout;
  private final Optional<CredentialsSource> credentials;

  private Stream(Builder builder) {
    remote = Optional.ofNullable(builder.remote);
    local = Optional.ofNullable(builder.local);
    split = Optional.ofNullable(builder.split);
    weight = builder.weight;
    validateHash = Optional.ofNullable(builder.validateHash);
    keepZip = Optional.ofNullable(builder.keepZip);
    downloadAttempts = Optional.ofNullable(builder.downloadAttempts);
    downloadTimeout = Optional.ofNullable(builder.downloadTimeout);
    credentials = Optional.ofNullable(builder.credentials);
    if (remote.isEmpty() && local.isEmpty()) {
      throw new IllegalArgumentException("set local or remote of a stream");
    }
  }

  /** Starts without any setting. */
  public static Builder builder() {
    return new Builder();
  }

  Optional<String> remote() {
    return remote;
  }

  Optional<Path> local() {
    return local;
  }

  Optional<String> split() {
    return split;
  }

  StreamWeight weight() {
    return weight;
  }

  Optional<String> validateHash() {
    return validateHash;
  }

  Optional<Boolean> keepZip() {
    return keepZip;
  }

  /** The data set's policy with this stream's changes. */
  RetryPolicy retries(RetryPolicy fallback) {
    return new RetryPolicy(
        downloadAttempts.orElse(fallback.attempts()),
        downloadTimeout.orElse(fallback.timeout()),
        fallback.firstDelay(),
        fallback.deadline());
  }

  Optional<CredentialsSource> credentials() {
    return credentials;
  }

  @Override
  public String toString() {
    return remote.map(Locations::forMessages).orElseGet(() -> local.orElseThrow().toString())
        + split.map(name -> "/" + name).orElse("");
  }

  /** Collects the settings. */
  public static final class Builder {
    private String remote;
    private Path local;
    private String split;
    private StreamWeight weight = StreamWeight.WHOLE;
    private String validateHash;
    private Boolean keepZip;
    private Integer downloadAttempts;
    private Duration downloadTimeout;
    private CredentialsSource credentials;

    private Builder() {}

    /** Where its files are stored; without it, all of them must be in the local directory. */
    public Builder remote(String value) {
      remote = value;
      return this;
    }

    /** The directory of this host that its files are in or are brought to. */
    public Builder local(Path value) {
      local = value;
      return this;
    }

    /** A sub-directory of both. */
    public Builder split(String value) {
      split = value;
      return this;
    }

    /** Draws a share of the epoch relative to the other streams' proportions. */
    public Builder proportion(double value) {
      return weight(new StreamWeight.Proportion(value));
    }

    /** Draws the whole stream this many times. */
    public Builder repeat(double value) {
      return weight(new StreamWeight.Repeat(value));
    }

    /** Draws this many samples. */
    public Builder choose(long value) {
      return weight(new StreamWeight.Choose(value));
    }

    private Builder weight(StreamWeight value) {
      if (weight != StreamWeight.WHOLE) {
        throw new IllegalArgumentException(
            "at most one of proportion, repeat and choose can be set for a stream");
      }
      weight = value;
      return this;
    }

    /** A hash of the index to verify its files by. */
    public Builder validateHash(String value) {
      validateHash = value;
      return this;
    }

    /** Whether to keep compressed files that were downloaded. */
    public Builder keepZip(boolean value) {
      keepZip = value;
      return this;
    }

    /** How often to try a download in all. */
    public Builder downloadAttempts(int value) {
      downloadAttempts = value;
      return this;
    }

    /** The longest that one try of a download may take. */
    public Builder downloadTimeout(Duration value) {
      downloadTimeout = value;
      return this;
    }

    /** The Databricks credentials to read it with, where it lies in another workspace. */
    public Builder credentials(CredentialsSource value) {
      credentials = value;
      return this;
    }

    /**
     * The stream.
     *
     * @throws IllegalArgumentException if it has neither a local nor a remote place
     */
    public Stream build() {
      return new Stream(this);
    }
  }
}
