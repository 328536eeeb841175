package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HadoopSettingsTest {
  @TempDir private Path directory;

  @Test
  void laterPlacesGoOverEarlierOnes() throws IOException {
    Files.writeString(
        directory.resolve("core-site.xml"),
        """
        <configuration>
          <property><name>test.a</name><value>file</value></property>
          <property><name>test.b</name><value>file</value></property>
          <property><name>test.c</name><value>file</value></property>
        </configuration>
        """);
    var environment =
        Map.of(
            "HADOOP_CONF_DIR",
            directory.toString(),
            "JAVATORCH_HADOOP_PROPERTIES",
            "test.b=variable\nspark.hadoop.test.c=variable\n");
    var system = new Properties();
    system.setProperty("spark.hadoop.test.c", "property");
    system.setProperty("test.a", "no setting of Hadoop");

    var settings = HadoopSettings.load(environment, system);

    assertThat(settings.get("test.a")).isEqualTo("file");
    assertThat(settings.get("test.b")).isEqualTo("variable");
    assertThat(settings.get("test.c")).isEqualTo("property");
    assertThat(settings.get("fs.defaultFS")).isEqualTo("file:///");
  }

  @ParameterizedTest
  @CsvSource({
    "hdfs://host:8020/a, true",
    "hdfs:/a, true",
    "S3A://bucket/a, true",
    "abfss://container@account.dfs.core.windows.net/a, true",
    "gs://bucket, true",
    "file:///a, false",
    "dbfs:/Volumes/a/b/c, false",
    "dbfs:/a, false",
    "/a/b, false",
    "a/b:c/d, false",
    "unknown://host/a, false",
    "C:/data, false",
  })
  void takesWhatHadoopKnows(String location, boolean taken) {
    assertThat(new HadoopStorageProvider().takes(location)).isEqualTo(taken);
  }

  @Test
  void hidesPasswords() throws IOException {
    assertThat(Locations.forMessages("ftp://me:secret@host/a")).isEqualTo("ftp://me:***@host/a");
    assertThat(Locations.forMessages("abfss://container@account/a"))
        .isEqualTo("abfss://container@account/a");
    assertThatThrownBy(() -> new HadoopStorageProvider().connect("s3a://me:secret@bucket/a"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("hadoop-aws")
        .satisfies(e -> assertThat(e.toString()).doesNotContain("secret"));
  }
}
