package io.javatorch.streaming.format;

import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.World;
import io.javatorch.streaming.format.FuzzSeeds.Seed;
import io.javatorch.streaming.format.ShardReader.Pickles;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * A process of its own, with a small heap, that damages data sets and reads them in every way a
 * user can. It ends with another status than 0 as soon as one read does anything but give samples
 * or the documented exceptions: runs out of memory, takes too long, reads or writes outside the
 * data set's directory, or gives a wrong sample where that could be known.
 *
 * <p>Arguments: a directory to work in, the golden files, the seed, the first input's number, how
 * many inputs, and for how many seconds at most.
 */
final class FuzzMain {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final int HUNG = 4;

  private enum Victim {
    VALUE,
    RAW,
    STORED,
    INDEX,
    PLACE
  }

  private enum Way {
    SHARDS,
    LOCAL,
    CACHED,
    REMOTE,
    VERIFIER
  }

  private final Path work;
  private final Path data;
  private final Path outside;
  private final List<Seed> seeds;
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private final Set<String> hit = new HashSet<>();
  private FuzzMutator mutator;
  private volatile String current = "none";
  private volatile long started = System.nanoTime();

  private FuzzMain(Path work, Path golden) throws IOException {
    this.work = work;
    this.data = work.resolve("data");
    this.outside = work.resolve("outside");
    this.seeds = FuzzSeeds.make(work.resolve("seeds"), golden);
    Files.createDirectories(outside);
    for (var seed : seeds) {
      for (var file : seed.files().entrySet()) {
        // What lies outside has the same names and sizes, and a secret in it.
        Files.write(outside.resolve(file.getKey()), secret(file.getValue()));
      }
    }
  }

  private static byte[] secret(byte[] content) {
    var text = new String(content, StandardCharsets.ISO_8859_1);
    return text.replace(FuzzSeeds.PUBLIC, FuzzSeeds.SECRET).getBytes(StandardCharsets.ISO_8859_1);
  }

  public static void main(String[] args) throws IOException {
    var fuzz = new FuzzMain(Path.of(args[0]), Path.of(args[1]));
    long seed = Long.parseLong(args[2]);
    long first = Long.parseLong(args[3]);
    long inputs = Long.parseLong(args[4]);
    long end = System.nanoTime() + Duration.ofSeconds(Long.parseLong(args[5])).toNanos();
    var watchdog = new Thread(fuzz::watch, "watchdog");
    watchdog.setDaemon(true);
    watchdog.start();
    long done = 0;
    while (done < inputs && System.nanoTime() < end) {
      long number = first + done;
      fuzz.started = System.nanoTime();
      var name = "seed " + seed + ", input " + number;
      fuzz.current = name;
      try {
        fuzz.attack(new Random(seed * 1_000_003 + number), number, name);
      } catch (Throwable e) {
        System.out.println("fuzz: FAILED at " + fuzz.current + ": " + fuzz.mutator.log());
        e.printStackTrace(System.out);
        System.exit(1);
      }
      done++;
    }
    System.out.println(
        "fuzz: %d inputs, %d of %d encodings in compressions, %s"
            .formatted(
                done,
                fuzz.hit.size(),
                FuzzSeeds.columns().size() * FuzzSeeds.COMPRESSIONS.size(),
                fuzz.outcomes));
  }

  @SuppressWarnings("BusyWait")
  private void watch() {
    while (true) {
      try {
        Thread.sleep(500);
      } catch (InterruptedException e) {
        return;
      }
      if (System.nanoTime() - started > PATIENCE.toNanos()) {
        System.out.println("fuzz: HUNG at " + current + ": " + mutator.log());
        Thread.getAllStackTraces()
            .forEach(
                (thread, stack) -> System.out.println(thread + "\n  " + Arrays.toString(stack)));
        System.out.flush();
        Runtime.getRuntime().halt(HUNG);
      }
    }
  }

  private void attack(Random random, long number, String name) throws IOException {
    mutator = new FuzzMutator(random);
    var seed = seeds.get(random.nextInt(seeds.size()));
    boolean mds = FuzzSeeds.COMPRESSIONS.contains(seed.name());
    var victim = Victim.values()[random.nextInt(Victim.values().length)];
    if (!mds && victim == Victim.VALUE) {
      victim = Victim.RAW;
    }
    var way = Way.values()[random.nextInt(Way.values().length)];
    // Files that were mapped must keep their inodes, so that every input has a directory.
    delete(data);
    Files.createDirectories(data);
    FuzzMutator.Value value = null;
    switch (victim) {
      case VALUE -> {
        value = mutator.value(seed);
        hit.add(seed.name() + " " + value.encoding());
        write(value.files());
      }
      case RAW -> write(mutator.raw(seed));
      case STORED -> write(mutator.stored(seed));
      case INDEX -> {
        write(mutator.index(seed, outside.toString()));
        // Links of a storage are the storage's matter, as on any mount.
        if (way != Way.REMOTE) {
          Files.createSymbolicLink(data.resolve("link"), outside);
        }
      }
      case PLACE -> place(random, seed, way);
    }
    boolean hashed = mds && random.nextBoolean();
    current =
        name + ": " + victim + " of " + seed.name() + " read by " + way + (hashed ? " hashed" : "");
    String outcome;
    try {
      var samples = read(way, hashed, random);
      outcome = "read";
      checkSamples(seed, victim, hashed, value, samples, way);
    } catch (MalformedShardException e) {
      outcome = "refused";
      checkMessage(e);
    } catch (NoSuchFileException | FileNotFoundException e) {
      outcome = "missing";
    } catch (UncheckedIOException e) {
      outcome = unwrapped(e);
    } catch (FileSystemException e) {
      // A directory in place of the index, and the like.
      outcome = "no file";
    }
    outcomes.merge(victim + " " + outcome, 1, Integer::sum);
    try (var left = Files.list(work)) {
      var names = left.map(file -> file.getFileName().toString()).sorted().toList();
      require(
          Set.of("data", "outside", "seeds", "cache", "local").containsAll(names),
          "it wrote beside the data set: " + names);
    }
    if (number % 100 == 0) {
      try (var files = Files.list(outside)) {
        require(
            files.count()
                == seeds.stream().flatMap(s -> s.files().keySet().stream()).distinct().count(),
            "it wrote outside the data set");
      }
    }
  }

  private static String unwrapped(UncheckedIOException e) {
    // A download says so of a file that is too short or too long.
    if (e.getMessage().contains(": cannot get ")) {
      return "not got";
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof MalformedShardException) {
        return "refused";
      }
      if (cause instanceof FileSystemException || cause instanceof FileNotFoundException) {
        return "missing";
      }
    }
    throw e;
  }

  private void checkMessage(MalformedShardException e) {
    // A local data set decompresses into a temporary directory.
    require(
        e.file().startsWith(work.toString())
            || e.file().startsWith(System.getProperty("java.io.tmpdir")),
        "no file in the message",
        e);
    require(e.getMessage().endsWith("."), "nothing to do in the message", e);
    require(e.position().orElse(0) >= 0, "a position below 0", e);
    require(!e.getMessage().contains(FuzzSeeds.SECRET), "a secret in the message", e);
  }

  private static void require(boolean condition, String problem) {
    require(condition, problem, null);
  }

  private static void require(boolean condition, String problem, Throwable cause) {
    if (!condition) {
      throw new AssertionError(problem, cause);
    }
  }

  private void checkSamples(
      Seed seed,
      Victim victim,
      boolean hashed,
      FuzzMutator.Value value,
      List<List<byte[]>> samples,
      Way way) {
    for (var sample : samples) {
      for (var bytes : sample) {
        require(
            !new String(bytes, StandardCharsets.ISO_8859_1).contains(FuzzSeeds.SECRET),
            "it read outside the data set");
      }
    }
    if (way == Way.VERIFIER) {
      return;
    }
    if ((victim == Victim.STORED && hashed) || victim == Victim.VALUE) {
      require(
          samples.size() == seed.samples().size(),
          samples.size() + " samples instead of " + seed.samples().size());
      for (int i = 0; i < samples.size(); i++) {
        for (int c = 0; c < samples.get(i).size(); c++) {
          if (value == null || i != value.sample() || c != value.column()) {
            require(
                Arrays.equals(samples.get(i).get(c), seed.samples().get(i).get(c)),
                "a wrong value of column " + c + " of sample " + i);
          }
        }
      }
    }
  }

  private void write(Map<String, byte[]> files) throws IOException {
    for (var file : files.entrySet()) {
      Files.write(data.resolve(file.getKey()), file.getValue());
    }
  }

  /** Something else in a file's place. */
  private void place(Random random, Seed seed, Way way) throws IOException {
    write(seed.files());
    var names = List.copyOf(seed.files().keySet());
    var name = names.get(random.nextInt(names.size()));
    var file = data.resolve(name);
    Files.delete(file);
    mutator.log().add("another thing in the place of " + name);
    switch (random.nextInt(6)) {
      case 0 -> {}
      case 1 -> Files.createDirectory(file);
      case 2 -> {
        // An index that is a link is what its owner wants: no index says where an index lies.
        if (!name.equals("index.json") && way != Way.REMOTE) {
          Files.createSymbolicLink(file, outside.resolve(name));
        }
      }
      case 3 -> Files.createSymbolicLink(file, Path.of("/dev/zero"));
      case 4 -> Files.createSymbolicLink(file, file);
      default -> Files.write(file, seed.files().get(names.get(random.nextInt(names.size()))));
    }
  }

  /** Reads all of it, and returns the bytes of every column. */
  private List<List<byte[]>> read(Way way, boolean hashed, Random random) throws IOException {
    return switch (way) {
      case SHARDS -> byShard(hashed);
      case LOCAL -> {
        // It checks no hashes, so that only the other ways can know a wrong sample.
        if (hashed) {
          yield byShard(true);
        }
        var samples = new ArrayList<List<byte[]>>();
        try (var set = LocalDataSet.open(data, Pickles.PLAIN_DATA)) {
          for (var sample : set) {
            samples.add(use(sample));
          }
        }
        yield samples;
      }
      case CACHED, REMOTE -> {
        var cache = work.resolve("cache");
        var local = work.resolve("local");
        delete(cache);
        delete(local);
        var builder = StreamingDataset.builder();
        if (way == Way.CACHED) {
          builder.local(data).cacheDirectory(cache);
        } else {
          builder.remote(data.toString()).local(local);
        }
        if (hashed) {
          builder.validateHash(random.nextBoolean() ? "sha1" : "xxh64");
        }
        var samples = new ArrayList<List<byte[]>>();
        try (var set =
            builder
                .allowUnsafeTypes(true)
                .retries(new RetryPolicy(1, Duration.ofSeconds(10), Duration.ofMillis(1)))
                .batchSize(1)
                .world(World.single())
                .build()) {
          for (long i = 0; i < Math.min(set.size(), 1_000); i++) {
            samples.add(use(set.get(i)));
          }
        } catch (IllegalArgumentException e) {
          // Said of settings, and of a data set without samples.
          require(samples.isEmpty(), "an illegal argument", e);
          throw new MalformedSettings(e);
        }
        yield samples;
      }
      case VERIFIER -> {
        var report = new DataSetVerifier(data, true, Pickles.PLAIN_DATA, shard -> {}).verify();
        require(
            report.faults().stream().allMatch(fault -> fault.contains("/")),
            "a fault without its file: " + report.faults());
        yield List.of();
      }
    };
  }

  /** A data set without samples, or another that cannot be what the settings ask for. */
  private static final class MalformedSettings extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    MalformedSettings(IllegalArgumentException cause) {
      super(new NoSuchFileException(cause.getMessage()));
    }
  }

  private List<List<byte[]>> byShard(boolean hashed) throws IOException {
    var samples = new ArrayList<List<byte[]>>();
    var raw = work.resolve("cache");
    delete(raw);
    for (var shard : ShardIndex.read(data).shards()) {
      var place = data;
      for (var file : shard.files()) {
        var stored = file.stored().in(data);
        ShardFiles.checkInside(data, file.stored());
        ShardFiles.verify(file.stored(), stored, hashed ? List.of("sha1") : List.of());
        if (file.zip().isPresent()) {
          place = raw;
          Files.createDirectories(file.raw().in(raw).getParent());
          ShardFiles.decompress(
              shard, file, stored, file.raw().in(raw), hashed ? List.of("sha1") : List.of());
        }
      }
      try (var reader = ShardReader.open(place, shard, Pickles.PLAIN_DATA)) {
        for (var sample : reader) {
          samples.add(use(sample));
        }
      }
    }
    return samples;
  }

  /** Calls everything that a sample has, and returns the bytes of its columns. */
  private List<byte[]> use(Sample sample) {
    for (int c = 0; c < sample.columns().size(); c++) {
      int column = c;
      var encoding = Encoding.parse(sample.columns().get(c).encoding());
      attempt(() -> sample.get(column));
      require(sample.getBuffer(c).remaining() == sample.size(c), "a buffer of another size");
      if (encoding instanceof ScalarEncoding scalar) {
        sample.getDouble(c);
        sample.getFloat(c);
        if (scalar.kind() != ScalarEncoding.Kind.FLOATING) {
          attempt(() -> sample.getLong(column));
          attempt(() -> sample.getInt(column));
        }
      } else if (encoding instanceof ImageEncoding) {
        attempt(() -> sample.getImage(column));
      } else if (encoding instanceof NdArrayEncoding) {
        attempt(
            () -> {
              var array = sample.getNdArray(column);
              array.toNestedLists();
              array.toFloatArray();
              array.toDoubleArray();
              if (array.dtype() != NdArray.DType.UINT64 && !array.dtype().name().startsWith("F")) {
                array.toLongArray();
              }
            });
      } else if (encoding instanceof TextNumberEncoding
          || encoding == JsonEncoding.INSTANCE
          || encoding == Encoding.StrEncoding.INSTANCE) {
        attempt(() -> sample.getString(column));
      }
    }
    return FuzzSeeds.values(sample);
  }

  private void attempt(Runnable access) {
    try {
      access.run();
    } catch (MalformedShardException e) {
      checkMessage(e);
      require(e.sample().isPresent() && e.column().isPresent(), "no place", e);
      require(e.position().isPresent(), "no position", e);
      outcomes.merge("values refused", 1, Integer::sum);
    } catch (ArithmeticException e) {
      // Documented of numbers that do not fit.
      require(e.getMessage().contains("does not fit"), "another arithmetic", e);
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (var files = Files.walk(tree)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
