package io.javatorch.distributor.launch;

import java.io.Serializable;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * 32 random bytes that the processes of one job, and nobody else, know. It reaches the executors
 * inside the stage's closure, so it is as safe as Spark's own RPC is, and is worthless once the job
 * has ended.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and never changed
record JobSecret(byte[] bytes) implements Serializable {
  static final int LENGTH_BYTES = 32;

  JobSecret {
    if (bytes.length != LENGTH_BYTES) {
      throw new IllegalArgumentException("a job secret has " + LENGTH_BYTES + " bytes");
    }
  }

  static JobSecret random() {
    var bytes = new byte[LENGTH_BYTES];
    new SecureRandom().nextBytes(bytes);
    return new JobSecret(bytes);
  }

  String toBase64() {
    return Base64.getEncoder().encodeToString(bytes);
  }

  static JobSecret fromBase64(String text) {
    return new JobSecret(Base64.getDecoder().decode(text));
  }

  @Override
  public String toString() {
    return "JobSecret[***]";
  }
}
