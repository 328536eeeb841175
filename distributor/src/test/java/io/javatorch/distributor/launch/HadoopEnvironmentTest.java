package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;

class HadoopEnvironmentTest {
  private static Properties read(Configuration configuration) throws IOException {
    var properties = new Properties();
    properties.load(
        new StringReader(
            HadoopEnvironment.toEnvironment(configuration)
                .getOrDefault(HadoopEnvironment.VARIABLE, "")));
    return properties;
  }

  @Test
  void bringsWhatIsSetAndLeavesHadoopsDefaults() throws IOException {
    var configuration = new Configuration();
    configuration.set("fs.s3a.secret.key", "a=b\n#c é");
    configuration.set("fs.s3a.endpoint", "http://127.0.0.1:9000");

    var read = read(configuration);

    assertThat(read)
        .containsEntry("fs.s3a.secret.key", "a=b\n#c é")
        .containsEntry("fs.s3a.endpoint", "http://127.0.0.1:9000")
        .doesNotContainKey("io.file.buffer.size");
  }

  @Test
  void resolvesWhatRefersToThisProcess() throws IOException {
    var configuration = new Configuration(false);
    configuration.set("base", "/data");
    configuration.set("dir", "${base}/x");

    assertThat(read(configuration)).containsEntry("dir", "/data/x");
  }

  @Test
  void holdsNothingThatAnExecutorsLocaleCouldChange() {
    var configuration = new Configuration(false);
    configuration.set("fs.s3a.secret.key", "é漢\u0001");

    assertThat(HadoopEnvironment.toEnvironment(configuration).get(HadoopEnvironment.VARIABLE))
        .contains("fs.s3a.secret.key=\\u00E9\\u6F22\\u0001")
        .matches("[\\n -~]*");
  }

  @Test
  void leavesOutMoreThanAVariableCanHold() throws IOException {
    var configuration = new Configuration(false);
    configuration.set("big", "x".repeat(131_072));
    assertThat(HadoopEnvironment.toEnvironment(configuration)).isEmpty();

    configuration.set("big", "x".repeat(130_000));
    assertThat(read(configuration)).containsKey("big");
  }
}
