package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.awt.Color;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
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

  @Mixin private DirectoryArgument data;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description = "Also draw the histogram into this PNG file.")
  private Path image;

  @Override
  public Integer call() throws IOException {
    var out = data.out();
    // Powers of two: bin b counts sizes from 2^(b-1) to 2^b - 1, bin 0 counts empty samples.
    var bins = new long[33];
    long total = 0;
    long least = Long.MAX_VALUE;
    long most = 0;
    try (var set = LocalDataSet.open(data.directory(), Pickles.PLAIN_DATA)) {
      if (set.samples() == 0) {
        out.println("no samples");
        return 0;
      }
      var columns = set.get(0).columns();
      var columnBytes = new long[columns.size()];
      for (var sample : set) {
        long size = 0;
        for (int i = 0; i < sample.columns().size(); i++) {
          size += sample.size(i);
          if (i < columnBytes.length) {
            columnBytes[i] += sample.size(i);
          }
        }
        bins[64 - Long.numberOfLeadingZeros(size)]++;
        total += size;
        least = Math.min(least, size);
        most = Math.max(most, size);
      }
      out.printf(
          "%s samples of %s to %s, %s on average%n%n",
          Sizes.count(set.samples()),
          Sizes.bytes((double) least),
          Sizes.bytes((double) most),
          Sizes.bytes((double) total / set.samples()));
      for (int i = 0; i < columnBytes.length; i++) {
        out.printf(
            Locale.ROOT,
            "%-20s %10s on average, %5.1f %%%n",
            columns.get(i).name(),
            Sizes.bytes((double) columnBytes[i] / set.samples()),
            total == 0 ? 0 : 100.0 * columnBytes[i] / total);
      }
      out.println();
    }
    long highest = Arrays.stream(bins).max().orElse(1);
    int first = firstBin(bins);
    int last = lastBin(bins);
    for (int bin = first; bin <= last; bin++) {
      int length = (int) Math.round((double) BAR_WIDTH * bins[bin] / highest);
      out.printf("below %9s %12s %s%n", label(bin), Sizes.count(bins[bin]), "#".repeat(length));
    }
    if (image != null) {
      ImageIO.write(draw(Arrays.copyOfRange(bins, first, last + 1), first), "png", image.toFile());
      out.println("drawn into " + image);
    }
    return 0;
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
