package io.javatorch.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LabelledImagesTest {
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
  void holdsOutATenthThatDoesNotDependOnPartitions() {
    var once = LabelledImages.of(DigitTable.generate(session, 2000, 1, 2), "image", "label");
    var again = LabelledImages.of(DigitTable.generate(session, 2000, 1, 5), "image", "label");

    // 200 expected, standard deviation 13.
    assertThat(once.heldOut().count()).isBetween(135L, 265L);
    assertThat(once.heldOut().count() + once.training().count()).isEqualTo(2000);
    assertThat(again.heldOut().except(once.heldOut()).count()).isZero();
    assertThat(once.training().intersect(again.heldOut()).count()).isZero();
  }

  @Test
  void countsClassesAndWidensLabels() {
    var images = LabelledImages.of(DigitTable.generate(session, 100, 1, 2), "image", "label");

    assertThat(images.classes()).isEqualTo(10);
    assertThat(images.frame().schema().simpleString())
        .isEqualTo("struct<image:binary,label:bigint>");
  }

  @Test
  void findsColumnsWithOddNames() {
    var frame = table("`my.pixels` binary, `the label` tinyint", new byte[] {1}, (byte) 3);

    assertThat(LabelledImages.of(frame, "my.pixels", "the label").classes()).isEqualTo(4);
  }

  @Test
  void saysWhichColumnsAreMissingAndWhatThereIs() {
    var frame = table("picture binary, class int", new byte[] {1}, 1);

    assertThatThrownBy(() -> LabelledImages.of(frame, "image", "label"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no column 'image' of encoded images; name the right one with")
        .hasMessageContaining("--label-column")
        .hasMessageContaining("struct<picture:binary,class:int>");
  }

  @Test
  void saysWhatColumnsOfTheWrongTypeMustBe() {
    var frame = table("image string, label string", "a.png", "seven");

    assertThatThrownBy(() -> LabelledImages.of(frame, "image", "label"))
        .hasMessageContaining("'image' is STRING, but images must be binary")
        .hasMessageContaining("'label' is STRING, but labels must be whole numbers");
  }

  @Test
  void refusesLabelsThatAreNoClasses() {
    var frame = table("image binary, label int", new byte[] {1}, -1);

    assertThatThrownBy(() -> LabelledImages.of(frame, "image", "label").classes())
        .hasMessageContaining("go from -1 to -1");
  }

  private static Dataset<Row> table(String ddl, Object... values) {
    return session.createDataFrame(List.of(RowFactory.create(values)), StructType.fromDDL(ddl));
  }
}
