package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocationsTest {
  @ParameterizedTest
  @CsvSource({
    "ftp://me:secret@host/a, ftp://me:***@host/a",
    "ftp://me:secret@host:21/a@b, ftp://me:***@host:21/a@b",
    "ftp://me:sec/ret@host/a, ftp://me:***@host/a",
    "ftp://me:sec@ret@host/a, ftp://me:***@host/a",
    "ftp://m@e:sec/ret@host/a, ftp://m@e:***@host/a",
    "s3a://KEY:ab/12/cd@bucket/a@b, s3a://KEY:***@b",
    "s3a://KEY:/ab@bucket/a, s3a://KEY:***@bucket/a",
    "nosuch://user:hunter2@, nosuch://user:***@",
    "abfss://container@account.example.net/a, abfss://container@account.example.net/a",
    "hdfs://host:8020/a@b:c, hdfs://host:8020/a@b:c",
    "hdfs://[::1]:8020/a@b, hdfs://[::1]:8020/a@b",
    "gs://bucket/a, gs://bucket/a",
    "hdfs:/a@b, hdfs:/a@b",
    "/a/b@c, /a/b@c",
    "://, ://",
  })
  void hidesThePasswordAlone(String location, String shown) {
    assertThat(Locations.forMessages(location)).isEqualTo(shown);
  }

  @Test
  void aStreamShowsNoPassword() {
    assertThat(Stream.builder().remote("ftp://me:pa/ss@host/a").split("train").build())
        .hasToString("ftp://me:***@host/a/train");
  }
}
