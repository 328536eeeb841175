package io.javatorch.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DigitTableTest {
  private static SparkSession session;

  @BeforeAll
  static void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  @Test
  void holdsTheSameRowsHoweverManyPartitionsDrawThem() {
    var one = rows(1);
    var seven = rows(7);

    assertThat(seven).hasSize(50);
    for (int i = 0; i < 50; i++) {
      assertThat(seven.get(i).getLong(0)).isEqualTo(i);
      assertThat(seven.get(i).<byte[]>getAs("image")).isEqualTo(one.get(i).<byte[]>getAs("image"));
      assertThat(seven.get(i).getInt(2)).isEqualTo(one.get(i).getInt(2));
    }
  }

  @Test
  void survivesParquet(@TempDir Path directory) {
    var path = directory.resolve("digits").toString();
    DigitTable.generate(session, 100, 5, 3).write().parquet(path);

    var read = session.read().parquet(path);

    assertThat(read.count()).isEqualTo(100);
    assertThat(read.schema().fieldNames()).containsExactly("id", "image", "label");
  }

  private static List<Row> rows(int partitions) {
    return DigitTable.generate(session, 50, 5, partitions).collectAsList();
  }
}
