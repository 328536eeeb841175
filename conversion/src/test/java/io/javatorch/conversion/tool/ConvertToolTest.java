package io.javatorch.conversion.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvertToolTest {
  @TempDir private Path directory;

  private final StringWriter errors = new StringWriter();

  @BeforeAll
  static void keepSparkSmall() {
    System.setProperty("spark.ui.enabled", "false");
    System.setProperty("spark.driver.host", "127.0.0.1");
    System.setProperty("spark.sql.shuffle.partitions", "2");
  }

  @AfterAll
  static void forgetSettings() {
    System.clearProperty("spark.ui.enabled");
    System.clearProperty("spark.driver.host");
    System.clearProperty("spark.sql.shuffle.partitions");
  }

  @Test
  void convertsFilesAsTheOptionsSay() throws IOException {
    var csv = Files.writeString(directory.resolve("in.csv"), "a,b\n1,x\n2,y\n3,z\n4,w\n");
    var out = directory.resolve("out");

    assertThat(
            run(
                "--input",
                csv.toString(),
                "--format=csv",
                "--read-option=header=true",
                "--read-option=inferSchema=true",
                "--out",
                out.toString(),
                "--columns=a=int64",
                "--compression=none",
                "--hashes=xxh64,sha1",
                "--shuffle=3",
                "--shards=2",
                "--master=local[1]",
                "--quiet"))
        .as(errors.toString())
        .isZero();

    assertThat(ShardIndex.read(out).shards())
        .hasSize(2)
        .allSatisfy(
            shard -> {
              assertThat(shard.samples()).isEqualTo(2);
              assertThat(shard.hashes()).containsExactly("sha1", "xxh64");
              assertThat(shard.columns()).hasSize(1);
              assertThat(shard.columns().get(0).encoding()).isEqualTo("int64");
            });
  }

  @Test
  void saysWhatIsWrong() {
    assertThat(run("--out", "/nowhere")).isEqualTo(2);
    assertThat(errors.toString()).contains("--input", "--query");
    assertThat(run("--input", "x/y", "--out", "z", "--mode=sometimes")).isEqualTo(1);
    assertThat(errors.toString()).contains("there is no mode 'sometimes'");
  }

  private int run(String... arguments) {
    return ConvertTool.commandLine().setErr(new PrintWriter(errors, true)).execute(arguments);
  }
}
