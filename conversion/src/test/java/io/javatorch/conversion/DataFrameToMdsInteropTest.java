package io.javatorch.conversion;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lets the real Python library read a conversion; needs bin/setup-peers and -Pinterop. */
@Tag("interop")
class DataFrameToMdsInteropTest {
  private static final StructType SCHEMA =
      StructType.fromDDL(
          "b binary, d double, f float, h smallint, i int, l bigint, s string, t tinyint");

  @TempDir private Path directory;

  @Test
  void pythonReadsEveryValue() throws Exception {
    var rows = new ArrayList<Row>();
    for (int n = 0; n < 50; n++) {
      rows.add(
          RowFactory.create(
              "b".repeat(n).getBytes(StandardCharsets.UTF_8),
              -n / 7d,
              n == 3 ? Float.POSITIVE_INFINITY : n / 3f,
              (short) (-300 * n),
              Integer.MIN_VALUE + n,
              Long.MAX_VALUE - n,
              "größe \uD83D\uDE00 " + n,
              (byte) (n - 25)));
    }
    var out = directory.resolve("out");
    try (var session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate()) {
      var context = JavaSparkContext.fromSparkContext(session.sparkContext());
      DataFrameToMds.builder(session.createDataFrame(context.parallelize(rows, 3), SCHEMA))
          .out(out.toString())
          .hashes("sha1")
          .convert();
    }

    assertThat(python(out)).isEqualTo(rows.stream().map(DataFrameToMdsInteropTest::line).toList());
  }

  private static String line(Row row) {
    var hex = HexFormat.of();
    return "SAMPLE b=%s d=%016x f=%08x h=%d i=%d l=%d s=%s t=%d"
        .formatted(
            hex.formatHex((byte[]) row.get(0)),
            Double.doubleToRawLongBits(row.getDouble(1)),
            Float.floatToRawIntBits(row.getFloat(2)),
            row.getShort(3),
            row.getInt(4),
            row.getLong(5),
            hex.formatHex(row.getString(6).getBytes(StandardCharsets.UTF_8)),
            row.getByte(7));
  }

  private static List<String> python(Path data) throws IOException, InterruptedException {
    var python = Path.of("..", ".peers", "bin", "python").toAbsolutePath().normalize();
    assertThat(python).as("run bin/setup-peers first").exists();
    var process =
        new ProcessBuilder(python.toString(), "src/test/python/print_samples.py", data.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().filter(line -> line.startsWith("SAMPLE ")).toList();
  }
}
