package io.javatorch.streaming.storage;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CanSetReadahead;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.impl.OpenFileParameters;

/**
 * Files of this host by locations {@code odd://<any>/path}, in a file system that has no {@code
 * FileContext}, replaces nothing on renaming, notes how files are opened, and fails as it is told
 * in the host's name of the location.
 */
public final class OddFileSystem extends RawLocalFileSystem {
  /** How files are opened: policy and read-ahead. */
  static final List<String> OPENED = new CopyOnWriteArrayList<>();

  static final AtomicInteger OPEN_STREAMS = new AtomicInteger();

  private URI uri;

  /** Made by Hadoop. */
  public OddFileSystem() {}

  /** A storage over a directory, with a way to fail or an empty text. */
  static Storage storage(java.nio.file.Path directory, String failure) throws IOException {
    var settings = new Configuration(false);
    settings.setClass("fs.odd.impl", OddFileSystem.class, org.apache.hadoop.fs.FileSystem.class);
    return HadoopStorage.connect("odd://" + failure + directory, settings);
  }

  @Override
  public void initialize(URI given, Configuration settings) throws IOException {
    uri = given;
    if (fails("connect")) {
      throw new IllegalArgumentException(new java.net.UnknownHostException("nohost"));
    }
    if (fails("tells")) {
      throw new IllegalStateException("cannot reach " + given);
    }
    if (fails("missing")) {
      throw new NoClassDefFoundError("com/example/Sdk");
    }
    super.initialize(given, settings);
  }

  private boolean fails(String what) {
    return uri != null && what.equals(uri.getHost());
  }

  @Override
  public URI getUri() {
    return uri == null ? URI.create("odd:///") : URI.create("odd://" + uri.getAuthority() + "/");
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    if (fails("status")) {
      throw new IllegalStateException("the control connection is closed");
    }
    return super.getFileStatus(path);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    boolean temporary = from.getName().endsWith(".tmp");
    return !pathToFile(to).exists() && !(fails("rename") && temporary) && super.rename(from, to);
  }

  @Override
  protected CompletableFuture<FSDataInputStream> openFileWithOptions(
      Path path, OpenFileParameters parameters) throws IOException {
    OPENED.add(parameters.getOptions().get("fs.option.openfile.read.policy"));
    var in = open(path, parameters.getBufferSize());
    OPEN_STREAMS.incrementAndGet();
    return CompletableFuture.completedFuture(new FSDataInputStream(new Noted(in, fails("seek"))));
  }

  private static final class Noted extends FSInputStream implements CanSetReadahead {
    private final FSDataInputStream in;
    private final boolean failsToSeek;

    Noted(FSDataInputStream in, boolean failsToSeek) {
      this.in = in;
      this.failsToSeek = failsToSeek;
    }

    @Override
    public void setReadahead(Long bytes) {
      OPENED.add("readahead " + bytes);
    }

    @Override
    public int read() throws IOException {
      return in.read();
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      return in.read(bytes, from, length);
    }

    @Override
    public void seek(long position) throws IOException {
      if (failsToSeek) {
        throw new IllegalStateException("no seeking today");
      }
      in.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return in.getPos();
    }

    @Override
    public boolean seekToNewSource(long position) {
      return false;
    }

    @Override
    public void close() throws IOException {
      OPEN_STREAMS.decrementAndGet();
      in.close();
    }
  }
}
