package io.javatorch.conversion.commit;

import static io.javatorch.conversion.commit.Conversions.longs;
import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.conversion.commit.TargetJob.Mode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that write into a Unity Catalog volume, with credentials that the driver alone has. */
class VolumeCommitTest {
  private static final String TOKEN = "dapi-of-the-driver";
  private static final String ROOT = "/Volumes/main/default/training/set";

  @TempDir private Path directory;
  private final FakeDatabricks workspace = FakeDatabricks.start().withToken(TOKEN);
  private Conversions driver;
  private Conversions task;

  @BeforeEach
  void send() throws IOException, ClassNotFoundException {
    var destination =
        Destination.of(
            "dbfs:" + ROOT,
            new Configuration(false),
            Optional.of(CredentialsSource.of(WorkerCredentials.of(workspace.url(), TOKEN))));
    assertThat(destination).asString().doesNotContain(TOKEN);
    driver = new Conversions(destination, Conversions.IMPATIENT, Conversions.QUICK);
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(destination);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      var sent = (Destination) in.readObject();
      assertThat(sent).asString().doesNotContain(TOKEN);
      task = new Conversions(sent, Conversions.IMPATIENT, Conversions.QUICK);
    }
  }

  @AfterEach
  void close() {
    workspace.close();
    assertThat(workspace.violations()).isEmpty();
  }

  private void convert(Mode mode, long... bounds) throws IOException {
    var job = driver.begin(mode);
    job.publish(task.write(job, bounds));
  }

  private List<Object> values() throws IOException {
    var copy = Files.createTempDirectory(directory, "copy");
    for (var file : workspace.below(ROOT)) {
      var name = file.startsWith(ROOT) ? file.substring(ROOT.length() + 1) : file;
      var target = copy.resolve(name);
      Files.createDirectories(target.getParent());
      Files.write(target, workspace.get(ROOT + "/" + name).orElseThrow());
    }
    return Conversions.values(copy);
  }

  @Test
  void asksTheFilesApiEvenIfTheVolumeIsMounted() {
    var given = Optional.of(CredentialsSource.of(WorkerCredentials.of("https://h", TOKEN)));
    assertThat(Destination.of(ROOT, new Configuration(false), given).directLocation())
        .isEqualTo("dbfs:" + ROOT);
    assertThat(Destination.of(directory.toString(), new Configuration(false)).directLocation())
        .isEqualTo(directory.toString());
  }

  @Test
  void addsReplacesAndTakesBack() throws IOException {
    convert(Mode.ERROR, 0, 30, 60);
    convert(Mode.APPEND, 60, 63);
    assertThat(values()).isEqualTo(longs(0, 63));

    var failing = driver.begin(Mode.OVERWRITE);
    task.write(failing, 70, 80);
    failing.abort();
    assertThat(values()).isEqualTo(longs(0, 63));

    convert(Mode.OVERWRITE, 100, 103);
    assertThat(values()).isEqualTo(longs(100, 103));
    assertThat(workspace.below(ROOT)).hasSize(3);
  }
}
