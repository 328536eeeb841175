package io.javatorch.streaming.benchmark;

import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Whole passes over a data set in one thread, as {@code bin/mds_peer.py} makes them with the Python
 * library: each value of each sample is made, and its time is one pass.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 6)
@Measurement(iterations = 5)
@Fork(1)
public class MdsPasses {
  private final Path work = Path.of(System.getProperty("benchmark.directory"));
  private final int samples = Integer.getInteger("benchmark.samples");
  private final Path scratch = work.resolve("java-scratch");
  private BenchmarkData data;
  private int[] order;

  /** Makes what is no part of the work. */
  @Setup
  public void prepare() throws IOException {
    data = new BenchmarkData();
    order = new int[samples];
    var random = new SplittableRandom(2);
    for (int i = 0; i < samples; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
  }

  /** Removes what a pass before wrote or decompressed. */
  @Setup(Level.Iteration)
  public void clear() throws IOException {
    BenchmarkData.delete(scratch);
  }

  /** Leaves nothing behind. */
  @TearDown
  public void remove() throws IOException {
    BenchmarkData.delete(scratch);
  }

  /** Writes a data set, forced to the disk shard by shard. */
  @Benchmark
  public void writePlain() throws IOException {
    data.write(scratch, samples, "");
  }

  /** Writes a compressed data set. */
  @Benchmark
  public void writeZstd() throws IOException {
    data.write(scratch, samples, "zstd");
  }

  /** Reads all samples in the order they lie. */
  @Benchmark
  public void readSequentially(Blackhole sink) throws IOException {
    try (var set = LocalDataSet.open(work.resolve("plain"))) {
      for (int i = 0; i < samples; i++) {
        consume(set.get(i), sink);
      }
    }
  }

  /** Reads all samples in a random order. */
  @Benchmark
  public void readRandomly(Blackhole sink) throws IOException {
    try (var set = LocalDataSet.open(work.resolve("plain"))) {
      for (int i : order) {
        consume(set.get(i), sink);
      }
    }
  }

  /** Reads all samples of a compressed data set of which nothing is decompressed yet. */
  @Benchmark
  public void readZstd(Blackhole sink) throws IOException {
    try (var set = LocalDataSet.open(work.resolve("zstd"))) {
      for (int i = 0; i < samples; i++) {
        consume(set.get(i), sink);
      }
    }
  }

  /** An epoch of a streaming data set over plain shards. */
  @Benchmark
  public void streamPlain(Blackhole sink) throws IOException {
    stream(work.resolve("plain"), sink);
  }

  /** An epoch of a streaming data set over compressed shards, nothing being decompressed yet. */
  @Benchmark
  public void streamZstd(Blackhole sink) throws IOException {
    stream(work.resolve("zstd"), sink);
  }

  private void stream(Path directory, Blackhole sink) throws IOException {
    try (var set =
            StreamingDataset.builder()
                .local(directory)
                .cacheDirectory(Files.createDirectories(scratch))
                .batchSize(256)
                .build();
        var loader = StreamingDataLoader.builder(set).build()) {
      for (var batch : loader) {
        for (var sample : batch) {
          consume(sample, sink);
        }
      }
    }
  }

  private static void consume(Sample sample, Blackhole sink) {
    sink.consume(sample.getBytes(0));
    sink.consume(sample.getLong(1));
    sink.consume(sample.getString(2));
  }
}
