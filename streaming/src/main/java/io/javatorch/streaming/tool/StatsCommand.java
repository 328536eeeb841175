package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.awt.Color;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "stats",
    description = "Shows how large the samples and their columns are, as a histogram.")
final class StatsCommand implements Callable<Integer> {
  private static final int BAR_WIDTH = 50;
  private static final int SHARDS_OF_A_STORE = 8;

  @Mixin private DirectoryArgument data;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description = "Also draw the histogram into this PNG file.")
  private Path image;

  @Option(
      names = "--shards",
      paramLabel = "N",
      description =
          "Read the samples of N shards alone, spread evenly (default: all of a directory of this"
              + " host, 8 of a store).")
  private Integer most;

  @Mixin private ProgressOption progress;

  @Override
  public Integer call() throws IOException {
    if (most != null && most < 1) {
      throw new IllegalArgumentException("--shards must be at least 1");
    }
    checkImage();
    return data.withFiles(
        files -> {
          if (most == null) {
            most = files.isRemote() ? SHARDS_OF_A_STORE : Integer.MAX_VALUE;
          }
          // Sizes alone are looked at, and nothing is unpickled.
          try (var set = LocalDataSet.open(files, Pickles.PLAIN_DATA)) {
            data.tool().closeOnSignal(set);
            return count(set);
          }
        });
  }

  /** Before all is read, and not after. */
  private void checkImage() throws IOException {
    if (image == null) {
      return;
    }
    var parent = image.toAbsolutePath().getParent();
    if (parent == null || Files.isDirectory(image)) {
      throw new FileSystemException(image.toString(), null, "it is a directory; name a file");
    }
    if (!Files.isDirectory(parent)) {
      throw new NoSuchFileException(
          image.toString(), null, "there is no directory " + parent + "; make it first");
    }
    if (!Files.isWritable(Files.exists(image) ? image : parent)) {
      throw new AccessDeniedException(image.toString(), null, "it may not be written");
    }
  }

  private int count(LocalDataSet set) throws IOException {
    var out = data.out();
    if (set.samples() == 0) {
      out.println("no samples");
      return 0;
    }
    var sizes = new SampleSizes();
    var chosen = chosen(set.index().shards());
    var line =
        progress.start(
            data,
            chosen.stream().mapToLong(Span::samples).sum(),
            count -> Sizes.count(count) + " samples");
    for (var span : chosen) {
      for (long i = span.first; i < span.first + span.samples; i++) {
        sizes.add(set.get(i));
        line.update(sizes.samples);
      }
    }
    line.finish();
    print(set.index(), chosen.size(), sizes);
    return 0;
  }

  /** The samples of a shard. */
  private record Span(long first, int samples) {}

  /** Shards that have samples: as many as shall be read, spread evenly. */
  private List<Span> chosen(List<ShardInfo> shards) {
    var all = new ArrayList<Span>();
    long first = 0;
    for (var shard : shards) {
      if (shard.samples() > 0) {
        all.add(new Span(first, shard.samples()));
      }
      first += shard.samples();
    }
    if (all.size() <= most) {
      return all;
    }
    var some = new ArrayList<Span>();
    for (int i = 0; i < most; i++) {
      some.add(all.get((int) ((2L * i + 1) * all.size() / (2L * most))));
    }
    return some;
  }

  /** What is counted of the samples. */
  private static final class SampleSizes {
    /** Powers of two: bin b counts sizes from 2^(b-1) to 2^b - 1, bin 0 counts empty samples. */
    private final long[] bins = new long[65];

    private final Map<String, Long> columns = new LinkedHashMap<>();
    private long samples;
    private long total;
    private long least = Long.MAX_VALUE;
    private long greatest;

    void add(Sample sample) {
      long size = 0;
      for (int i = 0; i < sample.columns().size(); i++) {
        columns.merge(sample.columns().get(i).name(), (long) sample.size(i), Long::sum);
        size += sample.size(i);
      }
      bins[64 - Long.numberOfLeadingZeros(size)]++;
      samples++;
      total += size;
      least = Math.min(least, size);
      greatest = Math.max(greatest, size);
    }
  }

  private void print(ShardIndex index, int shards, SampleSizes sizes) throws IOException {
    var out = data.out();
    var stored = index.shards().stream().mapToLong(ShardInfo::storedBytes).summaryStatistics();
    out.printf(
        "%s shards of %s to %s as stored, %s on average%n",
        Sizes.count(index.shards().size()),
        Sizes.bytes((double) stored.getMin()),
        Sizes.bytes((double) stored.getMax()),
        Sizes.bytes(stored.getAverage()));
    if (sizes.samples < index.samples()) {
      out.printf(
          "%s of %s samples were read, in %s shards; --shards says in how many%n",
          Sizes.count(sizes.samples), Sizes.count(index.samples()), Sizes.count(shards));
    }
    out.printf(
        "%s samples of %s to %s, %s on average%n%n",
        Sizes.count(sizes.samples),
        Sizes.bytes((double) sizes.least),
        Sizes.bytes((double) sizes.greatest),
        Sizes.bytes((double) sizes.total / sizes.samples));
    var table = new Table().text("column").number("average").number("share");
    sizes.columns.forEach(
        (name, bytes) ->
            table.add(
                name,
                Sizes.bytes((double) bytes / sizes.samples),
                String.format(
                    Locale.ROOT, "%.1f %%", sizes.total == 0 ? 0 : 100.0 * bytes / sizes.total)));
    table.print(out);
    out.println();
    var bins = sizes.bins;
    long highest = Arrays.stream(bins).max().orElse(1);
    int first = firstBin(bins);
    int last = lastBin(bins);
    for (int bin = first; bin <= last; bin++) {
      int length = (int) Math.round((double) BAR_WIDTH * bins[bin] / highest);
      out.printf("below %9s %12s %s%n", label(bin), Sizes.count(bins[bin]), "#".repeat(length));
    }
    if (image != null) {
      try (var file = Files.newOutputStream(image)) {
        ImageIO.write(draw(Arrays.copyOfRange(bins, first, last + 1), first), "png", file);
      }
      out.println("drawn into " + image);
    }
  }

  private static String label(int bin) {
    return Sizes.bytes(Math.scalb(1.0, bin));
  }

  private static int firstBin(long[] bins) {
    int bin = 0;
    while (bins[bin] == 0) {
      bin++;
    }
    return bin;
  }

  private static int lastBin(long[] bins) {
    int bin = bins.length - 1;
    while (bins[bin] == 0) {
      bin--;
    }
    return bin;
  }

  private static BufferedImage draw(long[] bins, int first) {
    int barWidth = 64;
    int height = 320;
    int margin = 40;
    long highest = Arrays.stream(bins).max().orElse(1);
    var picture =
        new BufferedImage(
            2 * margin + barWidth * bins.length, height + 2 * margin, BufferedImage.TYPE_INT_RGB);
    var pen = picture.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    pen.setColor(Color.WHITE);
    pen.fillRect(0, 0, picture.getWidth(), picture.getHeight());
    for (int i = 0; i < bins.length; i++) {
      int bar = (int) Math.round((double) height * bins[i] / highest);
      int x = margin + i * barWidth;
      pen.setColor(new Color(0x2f6f9f));
      pen.fillRect(x + 4, margin + height - bar, barWidth - 8, bar);
      pen.setColor(Color.BLACK);
      pen.drawString("< " + label(first + i), x + 2, margin + height + 16);
      pen.drawString(Sizes.count(bins[i]), x + 4, margin + height - bar - 4);
    }
    pen.dispose();
    return picture;
  }
}
