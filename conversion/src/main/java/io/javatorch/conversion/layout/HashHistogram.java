package io.javatorch.conversion.layout;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.XXH64;

/**
 * How many rows there are by ranges of their place in a shuffle, which is a 64-bit number. Enough
 * to cut the rows into shares that are equal to within a few rows, in little memory however many
 * rows there are.
 */
final class HashHistogram {
  private static final int BITS = 18;
  private static final int SHIFT = 64 - BITS;
  private static final long WIDTH = 1L << SHIFT;

  /** What Spark starts its own hashes from. */
  private static final long SPARK_SEED = 42;

  /** Packed counts of no rows. */
  static final byte[] NONE = new byte[0];

  private final long[] counts = new long[1 << BITS];
  private long rows;
  private int inputPartitions;
  private boolean duplicates;

  long rows() {
    return rows;
  }

  /** How many partitions the rows came from; at least 1. */
  int inputPartitions() {
    return Math.max(1, inputPartitions);
  }

  /** Whether some rows have the same hash, most likely since they are the same. */
  boolean hasDuplicates() {
    return duplicates;
  }

  /**
   * The place of the copy number {@code copy}, from 0, of a row; the same as {@link
   * #placeExpression}.
   */
  static long place(long hash, long copy) {
    return copy == 0 ? hash : XXH64.hashLong(copy, XXH64.hashLong(hash, SPARK_SEED));
  }

  static String placeExpression(String hash, String copy) {
    return "if(%2$s = 0L, %1$s, xxhash64(%1$s, %2$s))".formatted(hash, copy);
  }

  /**
   * Counts one partition of (hash: bigint, copies: bigint, highest number of a partition they came
   * from: int).
   */
  static Iterator<byte[]> count(Iterator<Row> groups) throws IOException {
    var histogram = new HashHistogram();
    while (groups.hasNext()) {
      var group = groups.next();
      long hash = group.getLong(0);
      long copies = group.getLong(1);
      for (long copy = 0; copy < copies; copy++) {
        histogram.counts[bucket(place(hash, copy))]++;
      }
      histogram.rows += copies;
      histogram.duplicates |= copies > 1;
      histogram.inputPartitions = Math.max(histogram.inputPartitions, group.getInt(2) + 1);
    }
    return List.of(histogram.pack()).iterator();
  }

  /** Makes one of two that {@link #count} gave, or this method. */
  static byte[] merge(byte[] one, byte[] other) throws IOException {
    if (one.length == 0 || other.length == 0) {
      return one.length == 0 ? other : one;
    }
    var both = new HashHistogram();
    both.add(one);
    both.add(other);
    return both.pack();
  }

  /** Adds what {@link #count} gave. */
  void add(byte[] packed) {
    if (packed.length == 0) {
      return;
    }
    try (var in = new DataInputStream(new ByteArrayInputStream(packed))) {
      rows += in.readLong();
      inputPartitions = Math.max(inputPartitions, in.readInt());
      duplicates |= in.readBoolean();
      int bucket = 0;
      for (int entries = in.readInt(); entries > 0; entries--) {
        bucket += Math.toIntExact(readNumber(in));
        counts[bucket] += readNumber(in);
      }
    } catch (IOException e) {
      throw new IllegalStateException("Counts of rows came back damaged", e);
    }
  }

  /**
   * The first place of each share but the first one, ascending.
   *
   * @param shares how many, at least 1
   */
  long[] cuts(int shares) {
    var cuts = new long[shares - 1];
    int bucket = 0;
    long before = 0;
    for (int share = 1; share < shares; share++) {
      // Not rows * share, which may not fit.
      long wanted = rows / shares * share + rows % shares * share / shares;
      while (bucket < counts.length && before + counts[bucket] <= wanted) {
        before += counts[bucket++];
      }
      if (bucket == counts.length) {
        cuts[share - 1] = Long.MAX_VALUE;
      } else {
        // Inside a bucket, places are as good as evenly spread.
        double inside = (double) (wanted - before) / counts[bucket];
        cuts[share - 1] = (((long) bucket << SHIFT) ^ Long.MIN_VALUE) + (long) (inside * WIDTH);
      }
    }
    return cuts;
  }

  /** Buckets are in the order of signed numbers, which is how Spark sorts them. */
  private static int bucket(long place) {
    return (int) ((place ^ Long.MIN_VALUE) >>> SHIFT);
  }

  private byte[] pack() throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeLong(rows);
      out.writeInt(inputPartitions);
      out.writeBoolean(duplicates);
      int entries = 0;
      for (long count : counts) {
        entries += count == 0 ? 0 : 1;
      }
      out.writeInt(entries);
      int last = 0;
      for (int bucket = 0; bucket < counts.length; bucket++) {
        if (counts[bucket] != 0) {
          writeNumber(out, bucket - last);
          writeNumber(out, counts[bucket]);
          last = bucket;
        }
      }
    }
    return bytes.toByteArray();
  }

  private static void writeNumber(DataOutputStream out, long number) throws IOException {
    while (number >= 0x80) {
      out.writeByte((int) ((number & 0x7F) | 0x80));
      number >>>= 7;
    }
    out.writeByte((int) number);
  }

  private static long readNumber(DataInputStream in) throws IOException {
    long number = 0;
    for (int shift = 0; ; shift += 7) {
      int next = in.readUnsignedByte();
      number |= (long) (next & 0x7F) << shift;
      if (next < 0x80) {
        return number;
      }
    }
  }
}
