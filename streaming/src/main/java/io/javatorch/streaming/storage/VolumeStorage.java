package io.javatorch.streaming.storage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of a Unity Catalog volume. It is read from the volume's mount where that can be read,
 * and else, as it is always written, through the Files API.
 */
final class VolumeStorage implements Storage {
  private static final Logger log = LoggerFactory.getLogger(VolumeStorage.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FILES = "/api/2.0/fs/files";
  private static final String DIRECTORIES = "/api/2.0/fs/directories";
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+|\\*)");
  private static final int PAGE_ENTRIES = 1000;
  private static final int MOST_PAGE_BYTES = 1 << 26;

  /** The Files API takes no more. */
  private static final long MOST_UPLOAD_BYTES = 5L << 30;

  private final VolumePath root;
  private final VolumeClient client;
  private final Optional<VolumeMount> mount;
  private final AtomicBoolean ignoresRanges = new AtomicBoolean();

  /** What was sent whole to a path, while it is not known whether it is stored so. */
  private final Map<String, Sent> unconfirmed = new ConcurrentHashMap<>();

  /**
   * Connects to nothing yet.
   *
   * @param mount where the volume may be mounted; none to use the Files API alone
   */
  VolumeStorage(VolumePath root, VolumeClient client, Optional<VolumeMount> mount) {
    this.root = root;
    this.client = client;
    this.mount = mount;
  }

  @Override
  public InputStream open(String path, long offset) throws IOException {
    VolumePath file = root.resolve(path);
    return open(
        file, offset, offset == 0 ? Optional.empty() : Optional.of("bytes=" + offset + "-"));
  }

  @Override
  public InputStream open(String path, long offset, long length) throws IOException {
    VolumePath file = root.resolve(path);
    return open(file, offset, Optional.of("bytes=" + offset + "-" + (offset + length - 1)));
  }

  private InputStream open(VolumePath file, long offset, Optional<String> range)
      throws IOException {
    if (mount.isPresent()) {
      var mounted = mount.get().open(file, offset);
      if (mounted.isPresent()) {
        return mounted.get();
      }
    }
    var answer =
        client.send(new VolumeClient.Call("GET", FILES, file, "", range, Optional.empty()));
    InputStream body = answer.body();
    try {
      return switch (answer.status()) {
        case 206 -> versioned(body, answer, total(file, offset, answer));
        case 416 -> {
          body.close();
          yield nothingAt(file, offset, answer);
        }
        default -> {
          skipTo(file, offset, range, body);
          String length = answer.headers().firstValue("Content-Length").orElse("*");
          yield versioned(body, answer, length);
        }
      };
    } catch (IOException | RuntimeException e) {
      body.close();
      throw e;
    }
  }

  /** Knows the version of the file if the server says anything that changes with it. */
  private static InputStream versioned(InputStream body, VolumeClient.Answer answer, String total) {
    var headers = answer.headers();
    // One that is marked as weak may differ between servers.
    String tag =
        headers
            .firstValue("ETag")
            .filter(value -> !value.startsWith("W/"))
            .or(() -> headers.firstValue("Last-Modified"))
            .orElse("");
    return tag.isEmpty() && total.equals("*")
        ? body
        : new VersionedInputStream(body, tag + ", " + total + " bytes");
  }

  /** The file's size, if the answer is the part that was asked for; a star if it is not said. */
  private static String total(VolumePath file, long offset, VolumeClient.Answer answer)
      throws IOException {
    String sent = answer.headers().firstValue("Content-Range").orElse("");
    Matcher range = CONTENT_RANGE.matcher(sent);
    if (!range.matches() || !range.group(1).equals(Long.toString(offset))) {
      throw new IOException(
          file
              + ": asked for the bytes from "
              + offset
              + " on, and was sent others: Content-Range is '"
              + sent
              + "'");
    }
    return range.group(3);
  }

  /** Nothing, if that is what lies behind a file's last byte. */
  private static InputStream nothingAt(VolumePath file, long offset, VolumeClient.Answer answer)
      throws IOException {
    String sent = answer.headers().firstValue("Content-Range").orElse("");
    if (sent.equals("bytes */" + offset)) {
      return InputStream.nullInputStream();
    }
    throw new IOException(
        file + " has no byte " + offset + ": its Content-Range is '" + sent + "'");
  }

  /** A server or a proxy that knows no ranges has sent the file from its first byte on. */
  private void skipTo(VolumePath file, long offset, Optional<String> range, InputStream body)
      throws IOException {
    if (range.isPresent() && !ignoresRanges.getAndSet(true)) {
      log.warn(
          "{} is sent whole when a part is asked for: some proxy does not know ranges, and reading"
              + " takes longer than it should",
          file);
    }
    try {
      body.skipNBytes(offset);
    } catch (EOFException e) {
      throw new IOException(file + " ended before its byte " + offset, e);
    }
  }

  @Override
  public boolean readsParts() {
    return !ignoresRanges.get();
  }

  @Override
  public long size(String path) throws IOException {
    VolumePath file = root.resolve(path);
    if (mount.isPresent()) {
      var mounted = mount.get().size(file);
      if (mounted.isPresent()) {
        return mounted.get();
      }
    }
    return storedSize(file);
  }

  private long storedSize(VolumePath file) throws IOException {
    var answer = client.send(new VolumeClient.Call("HEAD", FILES, file));
    answer.body().close();
    return answer
        .headers()
        .firstValueAsLong("Content-Length")
        .orElseThrow(() -> new IOException(file + ": its size was not sent"));
  }

  @Override
  public List<StoredFile> list(String directory) throws IOException {
    VolumePath path = root.resolve(directory);
    if (mount.isPresent()) {
      var mounted = mount.get().list(path);
      if (mounted.isPresent()) {
        return mounted.get();
      }
    }
    return listStored(path);
  }

  private List<StoredFile> listStored(VolumePath path) throws IOException {
    var entries = new ArrayList<StoredFile>();
    var seen = new HashSet<String>();
    String token = "";
    do {
      String query =
          "page_size="
              + PAGE_ENTRIES
              + (token.isEmpty()
                  ? ""
                  : "&page_token=" + URLEncoder.encode(token, StandardCharsets.UTF_8));
      JsonNode page;
      try {
        page = page(path, query);
      } catch (NoSuchFileException e) {
        if (token.isEmpty()) {
          return List.of();
        }
        throw new IOException("listing " + path + " broke off after " + entries.size(), e);
      }
      for (JsonNode entry : page.path("contents")) {
        entries.add(entry(path, entry));
      }
      // A page may be empty and not be the last.
      token = page.path("next_page_token").asText("");
      if (!token.isEmpty() && !seen.add(token)) {
        throw new IOException("listing " + path + " goes in circles: a page came twice");
      }
    } while (!token.isEmpty());
    entries.sort(Comparator.comparing(StoredFile::name));
    return entries;
  }

  private JsonNode page(VolumePath directory, String query) throws IOException {
    var answer =
        client.send(
            new VolumeClient.Call(
                "GET", DIRECTORIES, directory, query, Optional.empty(), Optional.empty()));
    try (InputStream body = answer.body()) {
      byte[] bytes = body.readNBytes(MOST_PAGE_BYTES);
      JsonNode page = JSON.readTree(bytes);
      if (!page.isObject()) {
        throw new IOException("listing " + directory + ": the answer is no JSON object");
      }
      return page;
    } catch (JsonProcessingException e) {
      throw new IOException("listing " + directory + ": the answer is no JSON", e);
    }
  }

  private static StoredFile entry(VolumePath directory, JsonNode entry) throws IOException {
    String path = entry.path("path").asText("");
    String name = entry.path("name").asText(path.substring(path.lastIndexOf('/') + 1));
    if (name.isEmpty() || name.contains("/") || name.equals("..")) {
      throw new IOException("listing " + directory + ": an entry has no proper name");
    }
    boolean isDirectory = entry.path("is_directory").asBoolean(false);
    return new StoredFile(name, isDirectory, isDirectory ? 0 : entry.path("file_size").asLong(0));
  }

  @Override
  public void put(Path source, String path) throws IOException {
    VolumePath file = root.resolve(path);
    long size = checkedSize(source);
    var sent = new Sent(source, size, Files.getLastModifiedTime(source));
    // All was sent where only the answer to whether it is there did not come.
    if (!sent.equals(unconfirmed.get(path))) {
      unconfirmed.remove(path);
      try {
        upload(source, file, true);
      } catch (NoSuchFileException e) {
        send("PUT", DIRECTORIES, file.parent());
        upload(source, file, true);
      }
      unconfirmed.put(path, sent);
    }
    long stored;
    try {
      stored = storedSize(file);
    } catch (NoSuchFileException e) {
      unconfirmed.remove(path);
      throw e;
    }
    unconfirmed.remove(path);
    if (stored != size) {
      // Better none than a part that readers take for the file.
      delete(path);
      throw wrongSize(file, stored, size);
    }
  }

  @Override
  public boolean putNew(Path source, String path) throws IOException {
    VolumePath file = root.resolve(path);
    long size = checkedSize(source);
    boolean there;
    try {
      there = uploadNew(source, file);
    } catch (NoSuchFileException e) {
      send("PUT", DIRECTORIES, file.parent());
      there = uploadNew(source, file);
    }
    if (!there) {
      return false;
    }
    long stored = storedSize(file);
    if (stored != size) {
      delete(path);
      throw wrongSize(file, stored, size);
    }
    return true;
  }

  private boolean uploadNew(Path source, VolumePath file) throws IOException {
    try {
      upload(source, file, false);
      return true;
    } catch (RefusedException e) {
      // There are other reasons to refuse a request, some with the same status.
      try {
        storedSize(file);
      } catch (NoSuchFileException missing) {
        throw e;
      }
      return false;
    }
  }

  private static long checkedSize(Path source) throws IOException {
    long size = Files.size(source);
    if (size > MOST_UPLOAD_BYTES) {
      throw new IOException(
          source
              + " has "
              + size
              + " bytes, and the Files API takes no file above 5 GiB: write smaller shards");
    }
    return size;
  }

  private static IOException wrongSize(VolumePath file, long stored, long size) {
    return new IOException(
        file + " was stored with " + stored + " bytes of the " + size + " that were sent");
  }

  private record Sent(Path source, long size, FileTime modified) {}

  private void upload(Path source, VolumePath file, boolean overwrite) throws IOException {
    client
        .send(
            new VolumeClient.Call(
                "PUT",
                FILES,
                file,
                "overwrite=" + overwrite,
                Optional.empty(),
                Optional.of(source)))
        .body()
        .close();
  }

  private void send(String method, String api, VolumePath path) throws IOException {
    client.send(new VolumeClient.Call(method, api, path)).body().close();
  }

  @Override
  public void delete(String path) throws IOException {
    try {
      send("DELETE", FILES, root.resolve(path));
    } catch (NoSuchFileException e) {
      log.debug("{} was not there to be deleted", path, e);
    }
  }

  @Override
  public void deleteDirectory(String path) throws IOException {
    VolumePath directory = root.resolve(path);
    try {
      if (isEmpty(directory)) {
        send("DELETE", DIRECTORIES, directory);
      }
    } catch (NoSuchFileException e) {
      log.debug("{} was not there to be deleted", directory, e);
    } catch (RefusedException e) {
      if (isEmpty(directory)) {
        throw e;
      }
      log.debug("{} was filled just now", directory, e);
    }
  }

  /** Asks the workspace, since a mount may know of a change later. */
  private boolean isEmpty(VolumePath directory) throws IOException {
    return listStored(directory).isEmpty();
  }

  @Override
  public String location() {
    return mount.isPresent() ? root.text() : "dbfs:" + root;
  }

  @Override
  public void close() {
    client.close();
  }
}
