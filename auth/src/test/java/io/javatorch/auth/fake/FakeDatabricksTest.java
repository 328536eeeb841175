package io.javatorch.auth.fake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.databricks.sdk.WorkspaceClient;
import com.databricks.sdk.core.DatabricksConfig;
import com.databricks.sdk.core.error.platform.NotFound;
import com.databricks.sdk.core.error.platform.Unauthenticated;
import com.databricks.sdk.service.files.CreateDirectoryRequest;
import com.databricks.sdk.service.files.DirectoryEntry;
import com.databricks.sdk.service.files.UploadRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Databricks' own client takes the fake for a workspace. */
class FakeDatabricksTest {
  /** Plain: version 0.141.0 of the client does not escape the path of an upload. */
  private static final String DIRECTORY = "/Volumes/main/default/data/some";

  private final FakeDatabricks workspace =
      FakeDatabricks.start().withServicePrincipal("app", "app-secret");
  private final WorkspaceClient client =
      new WorkspaceClient(
          new DatabricksConfig()
              .setHost(workspace.url())
              .setClientId("app")
              .setClientSecret("app-secret"));

  @AfterEach
  void stop() {
    workspace.close();
  }

  @Test
  void speaksTheFilesApi() throws IOException {
    var files = client.files();
    files.createDirectory(new CreateDirectoryRequest().setDirectoryPath(DIRECTORY + "/sub"));
    byte[] content = "some bytes".getBytes(StandardCharsets.UTF_8);
    for (String name : new String[] {"one", "two", "three"}) {
      files.upload(
          new UploadRequest()
              .setFilePath(DIRECTORY + "/" + name)
              .setContents(new ByteArrayInputStream(content))
              .setOverwrite(true));
    }
    assertThat(workspace.get(DIRECTORY + "/one")).contains(content);
    try (var in = files.download(DIRECTORY + "/one").getContents()) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
    assertThat(files.getMetadata(DIRECTORY + "/one").getContentLength()).isEqualTo(content.length);

    workspace.pageSize(1);
    assertThat(
            StreamSupport.stream(files.listDirectoryContents(DIRECTORY).spliterator(), false)
                .map(DirectoryEntry::getName))
        .containsExactlyInAnyOrder("one", "two", "three", "sub");

    files.delete(DIRECTORY + "/one");
    assertThatThrownBy(() -> files.getMetadata(DIRECTORY + "/one")).isInstanceOf(NotFound.class);
    assertThat(workspace.violations()).isEmpty();
  }

  @Test
  void turnsAwayAnExpiredToken() {
    workspace.goodForRequests(1);
    client.files().createDirectory(new CreateDirectoryRequest().setDirectoryPath(DIRECTORY));
    assertThatThrownBy(
            () ->
                client
                    .files()
                    .createDirectory(new CreateDirectoryRequest().setDirectoryPath(DIRECTORY)))
        .isInstanceOf(Unauthenticated.class);
    assertThat(workspace.refusedRequests()).isOne();
  }
}
