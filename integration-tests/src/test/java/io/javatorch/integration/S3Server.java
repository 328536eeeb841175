package io.javatorch.integration;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** An S3 server over HTTP on this host: s3proxy, in a process of its own, before a directory. */
final class S3Server implements AutoCloseable {
  static final String ACCESS_KEY = "s3-access-key";
  static final String SECRET_KEY = "s3-secret-key-of-the-tests";

  private static final Pattern STARTED =
      Pattern.compile("Started ServerConnector.*\\{127\\.0\\.0\\.1:([0-9]+)}");

  private final Process process;
  private final int port;
  private final Path data;

  private S3Server(Process process, int port, Path data) {
    this.process = process;
    this.port = port;
    this.data = data;
  }

  /** Starts a server with one bucket, for those who know the keys. */
  static S3Server start(Path directory, String bucket) throws IOException, InterruptedException {
    return start(directory, bucket, "aws-v2-or-v4");
  }

  /** Starts a server with one bucket, for everybody. */
  static S3Server startOpen(Path directory, String bucket)
      throws IOException, InterruptedException {
    return start(directory, bucket, "none");
  }

  private static S3Server start(Path directory, String bucket, String authorization)
      throws IOException, InterruptedException {
    Path data = Files.createDirectories(directory.resolve("data"));
    Files.createDirectories(data.resolve(bucket));
    Path settings =
        Files.writeString(
            directory.resolve("s3proxy.properties"),
            """
            s3proxy.endpoint=http://127.0.0.1:0
            s3proxy.authorization=%s
            s3proxy.identity=%s
            s3proxy.credential=%s
            jclouds.provider=filesystem-nio2
            jclouds.filesystem.basedir=%s
            jclouds.identity=unused
            jclouds.credential=unused
            """
                .formatted(authorization, ACCESS_KEY, SECRET_KEY, data));
    String classPath = Files.readString(Path.of(System.getProperty("s3proxy.class.path"))).strip();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-DLOG_LEVEL=info",
                "-cp",
                classPath,
                "org.gaul.s3proxy.Main",
                "--properties",
                settings.toString())
            .redirectErrorStream(true)
            .start();
    try {
      return new S3Server(process, port(process), data);
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static int port(Process process) throws IOException, InterruptedException {
    var found = new CompletableFuture<Integer>();
    var reader =
        new Thread(
            () -> {
              var last = new ArrayDeque<String>();
              try (var lines =
                  new BufferedReader(
                      new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                  var match = STARTED.matcher(line);
                  if (match.find()) {
                    found.complete(Integer.parseInt(match.group(1)));
                  }
                  last.add(line);
                  if (last.size() > 30) {
                    last.remove();
                  }
                }
              } catch (IOException e) {
                last.add(e.toString());
              }
              found.completeExceptionally(
                  new IOException("the S3 server ended:\n" + String.join("\n", last)));
            },
            "s3proxy-log");
    reader.setDaemon(true);
    reader.start();
    try {
      return found.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the S3 server did not start", e);
    }
  }

  String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  /** The directory whose sub-directories are the buckets. */
  Path data() {
    return data;
  }

  /** What Hadoop needs to know to get at it as {@code s3a:}. */
  Map<String, String> hadoopSettings() {
    return Map.of(
        "fs.s3a.endpoint",
        endpoint(),
        "fs.s3a.endpoint.region",
        "us-east-1",
        "fs.s3a.access.key",
        ACCESS_KEY,
        "fs.s3a.secret.key",
        SECRET_KEY,
        "fs.s3a.path.style.access",
        "true",
        "fs.s3a.connection.ssl.enabled",
        "false");
  }

  /** Ends it, as kill -9 does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
