package io.javatorch.conversion.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SQL in a session that knows nothing of MDS but what is on the class path. */
class MdsSqlTest {
  @TempDir private static Path warehouse;
  private static SparkSession session;

  @TempDir private Path directory;
  private String path;

  @BeforeAll
  static void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.warehouse.dir", warehouse.toString())
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  @BeforeEach
  void writeADataSet() {
    path = directory.resolve("data set").toString();
    MdsWrites.write(
        session.range(0, 5, 1, 2).selectExpr("concat('t', id) as text", "cast(id as int) as n"),
        org.apache.spark.sql.SaveMode.ErrorIfExists,
        Map.of("path", path, "columns", "n=int,text"));
  }

  @Test
  void selectsFromAPath() {
    assertThat(numbers("SELECT n FROM mds.`%s` WHERE text > 't1' ORDER BY n"))
        .containsExactly(2L, 3L, 4L);
    assertThat(numbers("SELECT count(*) FROM mds.`%s`")).containsExactly(5L);
    assertThat(session.table("mds.`" + path + "`").count()).isEqualTo(5);
  }

  @Test
  void insertsWithTheEncodingsThatAreThere() throws IOException {
    session.sql("INSERT INTO mds.`" + path + "` (n, text) SELECT 7, 'seven'");

    assertThat(numbers("SELECT n FROM mds.`%s` ORDER BY n"))
        .containsExactly(0L, 1L, 2L, 3L, 4L, 7L);
    assertThat(ShardIndex.read(Path.of(path)).shards())
        .hasSize(3)
        .allSatisfy(
            shard ->
                assertThat(shard.columns())
                    .containsExactly(new Column("n", "int"), new Column("text", "str")));
  }

  @Test
  void insertsTextAsTextWhereItIsKeptAsJson() {
    var target = directory.resolve("texts").toString();
    MdsWrites.write(
        session.sql("select if(id = 0, null, 'a') as text from range(2)"),
        org.apache.spark.sql.SaveMode.ErrorIfExists,
        Map.of("path", target, "nullPolicy", "json"));

    for (var text : List.of("abc", "\"abc\"", "5", "[1]")) {
      session.sql("INSERT INTO mds.`" + target + "` VALUES ('" + text + "')");
    }

    assertThat(
            session.table("mds.`" + target + "`").collectAsList().stream()
                .map(row -> row.getString(0)))
        .containsExactlyInAnyOrder(null, "a", "abc", "\"abc\"", "5", "[1]");
  }

  @Test
  void insertsByPositionWithCastsAndRefusesWhatDoesNotFit() throws Exception {
    session
        .range(50, 52, 1, 1)
        .selectExpr("id as text", "id as n")
        .createOrReplaceTempView("longs");
    var table = "mds.`" + path + "`";
    var type = session.table(table).schema();
    assertThat(type.fieldNames()).containsExactly("text", "n");

    session.sql("INSERT INTO " + table + " SELECT n AS n, text + 100 AS text FROM longs");

    assertThat(values("SELECT n FROM " + table + " WHERE text = '50'")).containsExactly(150L);
    assertThat(session.table(table).schema()).isEqualTo(type);
    assertThatThrownBy(() -> session.sql("INSERT INTO " + table + " SELECT 'a', 'b'"))
        .hasStackTraceContaining("CANNOT_SAFELY_CAST");
    assertThatThrownBy(() -> session.sql("INSERT INTO " + table + " SELECT 'a'"))
        .hasStackTraceContaining("NOT_ENOUGH_DATA_COLUMNS");
    assertThat(numbers("SELECT count(*) FROM mds.`%s`")).containsExactly(7L);
  }

  @Test
  void addsADataFrameByNameWithOptionsOfTheWrite() throws Exception {
    var table = "mds.`" + path + "`";
    var frame = session.range(7, 8, 1, 1).selectExpr("cast(id as int) as n", "'seven' as text");

    frame.writeTo(table).option("compression", "none").append();

    assertThat(values("SELECT n FROM " + table + " WHERE text = 'seven'")).containsExactly(7L);
    assertThat(ShardIndex.read(Path.of(path)).shards())
        .extracting(shard -> shard.compression().isPresent())
        .containsExactly(true, true, false);
    assertThatThrownBy(() -> frame.writeTo(table).option("sizelimits", "1mb").append())
        .hasMessageContaining("did you mean sizeLimit?");
  }

  @Test
  void overwritesWithAnInsert() {
    session.sql("INSERT OVERWRITE mds.`" + path + "` SELECT text, n + 10 FROM mds.`" + path + "`");

    assertThat(numbers("SELECT n FROM mds.`%s` ORDER BY n"))
        .containsExactly(10L, 11L, 12L, 13L, 14L);
  }

  @Test
  void createsFromAQueryAndReplaces() throws IOException {
    var made = directory.resolve("made").toString();

    session.sql(
        "CREATE TABLE mds.`"
            + made
            + "` OPTIONS (compression 'none') AS SELECT 1 AS a, array(1, 2) AS b");
    assertThat(session.sql("SELECT a FROM mds.`" + made + "`").collectAsList())
        .extracting(row -> row.get(0))
        .containsExactly(1);
    assertThat(ShardIndex.read(Path.of(made)).shards())
        .allSatisfy(shard -> assertThat(shard.compression()).isEmpty());
    assertThatThrownBy(() -> session.sql("CREATE TABLE mds.`" + made + "` AS SELECT 2 AS a"))
        .hasMessageContaining(made);

    session.sql("CREATE OR REPLACE TABLE mds.`" + made + "` AS SELECT 'x' AS c");
    assertThat(session.sql("SELECT c FROM mds.`" + made + "`").collectAsList())
        .extracting(row -> row.get(0))
        .containsExactly("x");
  }

  @Test
  void aFailedCreationLeavesNothing() {
    var made = directory.resolve("made");

    assertThatThrownBy(
            () ->
                session.sql(
                    "CREATE TABLE mds.`"
                        + made
                        + "` AS SELECT raise_error('no') AS a"
                        + " FROM range(3)"))
        .hasStackTraceContaining("no");

    assertThat(made).doesNotExist();
  }

  @Test
  void saysWhatIsNotThereOrNotPossible() {
    var missing = directory.resolve("missing");
    assertThatThrownBy(() -> session.sql("SELECT * FROM mds.`" + missing + "`"))
        .hasMessageContaining(missing.toString());
    assertThatThrownBy(() -> session.sql("CREATE TABLE mds.`" + missing + "` (a int)"))
        .hasMessageContaining("AS SELECT");
    assertThatThrownBy(() -> session.sql("DROP TABLE mds.`" + path + "`"))
        .hasMessageContaining("delete the directory");
    assertThat(Path.of(path, "index.json")).exists();
  }

  @Test
  void readsThroughTablesAndViewsOfOtherCatalogs() throws IOException {
    session.sql("CREATE TEMPORARY VIEW digits_view USING mds OPTIONS (path '" + path + "')");
    assertThat(values("SELECT n FROM digits_view ORDER BY n")).hasSize(5);

    session.sql("CREATE TABLE digits USING mds LOCATION '" + path + "'");
    assertThat(values("SELECT n FROM digits ORDER BY n")).hasSize(5);
    session.sql("DROP TABLE digits");
    assertThat(Path.of(path, "index.json")).exists();
    try (var files = Files.list(warehouse)) {
      assertThat(files).isEmpty();
    }
  }

  private List<Long> numbers(String query) {
    return values(query.formatted(path));
  }

  private static List<Long> values(String query) {
    return session.sql(query).collectAsList().stream()
        .map((Row row) -> ((Number) row.get(0)).longValue())
        .toList();
  }
}
