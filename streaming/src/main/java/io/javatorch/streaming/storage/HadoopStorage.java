package io.javatorch.streaming.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.security.AccessControlException;

/** A directory of one of Hadoop's file systems. Compiled so that it runs with Hadoop 3.3.4 too. */
final class HadoopStorage implements Storage {
  /** Where a file appears when it is closed, and renaming would copy it. */
  private static final Set<String> WRITTEN_IN_PLACE =
      Set.of("s3a", "s3", "s3n", "gs", "oss", "cosn", "obs");

  private static final int BUFFER_BYTES = 1 << 18;

  /** From here on a part is read as a stream rather than by a request of its own. */
  private static final long LONG_PART_BYTES = 8L << 20;

  private final String location;
  private final FileSystem files;
  private final Path root;

  private HadoopStorage(String location, FileSystem files, Path root) {
    this.location = location;
    this.files = files;
    this.root = root;
  }

  static HadoopStorage connect(String location, Configuration settings) throws IOException {
    Path root;
    try {
      root = new Path(location);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          HadoopSettings.withoutPassword(location) + " is no Hadoop location", e);
    }
    var scheme = root.toUri().getScheme();
    if ((scheme.equals("s3") || scheme.equals("s3n"))
        && settings.get("fs." + scheme + ".impl") == null) {
      root = new Path("s3a", root.toUri().getAuthority(), root.toUri().getPath());
    }
    // Shared with all of this process, so that it is not ours to close.
    var files = root.getFileSystem(settings);
    return new HadoopStorage(
        HadoopSettings.withoutPassword(location), files, files.makeQualified(root));
  }

  /** Not by resolving: a name with a colon would be taken for a URI. */
  private Path at(String path) {
    if (path.isEmpty()) {
      return root;
    }
    var uri = root.toUri();
    var parent = uri.getPath();
    return new Path(
        uri.getScheme(), uri.getAuthority(), (parent.endsWith("/") ? parent : parent + "/") + path);
  }

  @Override
  public InputStream open(String path, long offset) throws IOException {
    return open(path, offset, "sequential");
  }

  @Override
  public InputStream open(String path, long offset, long length) throws IOException {
    return open(path, offset, length < LONG_PART_BYTES ? "random" : "sequential");
  }

  private FSDataInputStream open(String path, long offset, String policy) throws IOException {
    FSDataInputStream in = null;
    try {
      in =
          files
              .openFile(at(path))
              .opt("fs.option.openfile.read.policy", policy)
              // Its name before Hadoop 3.3.5, where s3a alone had it.
              .opt("fs.s3a.experimental.input.fadvise", policy)
              .build()
              .get();
      if (offset > 0) {
        in.seek(offset);
      }
      return in;
    } catch (IOException e) {
      close(in);
      throw explained(e, path);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure
          ? explained(failure, path)
          : new IOException(location + "/" + path + ": " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted while opening " + path);
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private static void close(InputStream in) throws IOException {
    if (in != null) {
      in.close();
    }
  }

  @Override
  public long size(String path) throws IOException {
    try {
      var status = files.getFileStatus(at(path));
      if (status.isDirectory()) {
        throw new FileNotFoundException("it is a directory");
      }
      return status.getLen();
    } catch (IOException e) {
      throw explained(e, path);
    }
  }

  @Override
  public List<StoredFile> list(String directory) throws IOException {
    var path = at(directory);
    var entries = new ArrayList<StoredFile>();
    try {
      for (var status : files.listStatus(path)) {
        if (status.isFile() && status.getPath().toUri().getPath().equals(path.toUri().getPath())) {
          throw new NotDirectoryException(location + "/" + directory);
        }
        entries.add(
            new StoredFile(
                status.getPath().getName(),
                status.isDirectory(),
                status.isDirectory() ? 0 : status.getLen()));
      }
    } catch (FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw explained(e, directory);
    }
    entries.sort(Comparator.comparing(StoredFile::name));
    return entries;
  }

  @Override
  public void put(java.nio.file.Path source, String path) throws IOException {
    try {
      if (WRITTEN_IN_PLACE.contains(files.getUri().getScheme())) {
        write(source, at(path));
      } else {
        writeAndRename(source, at(path));
      }
    } catch (IOException e) {
      // What is missing here is a file of this host.
      throw e instanceof NoSuchFileException ? e : explained(e, path);
    }
  }

  private void writeAndRename(java.nio.file.Path source, Path target) throws IOException {
    var temporary =
        new Path(target.getParent(), "." + target.getName() + "." + UUID.randomUUID() + ".tmp");
    boolean renamed = false;
    try {
      write(source, temporary);
      rename(temporary, target);
      renamed = true;
    } finally {
      if (!renamed) {
        deleteQuietly(temporary);
      }
    }
  }

  private void write(java.nio.file.Path source, Path target) throws IOException {
    try (var in = Files.newInputStream(source)) {
      FSDataOutputStream out = files.create(target, true, BUFFER_BYTES);
      boolean copied = false;
      try {
        var buffer = new byte[BUFFER_BYTES];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted while writing " + target);
          }
          out.write(buffer, 0, n);
        }
        copied = true;
      } finally {
        if (copied) {
          out.close();
        } else {
          giveUp(out, target);
        }
      }
    }
  }

  /** Closing would publish what there is, in a store where a file appears on being closed. */
  private void giveUp(FSDataOutputStream out, Path target) {
    if (out.hasCapability("fs.capability.outputstream.abortable")) {
      out.abort();
      return;
    }
    try {
      out.close();
    } catch (IOException e) {
      // What matters is the failure that led here, and that the file goes.
    }
    deleteQuietly(target);
  }

  private void deleteQuietly(Path path) {
    try {
      files.delete(path, false);
    } catch (IOException e) {
      // A hidden file is left; the failure that led here is the one to report.
    }
  }

  private void rename(Path temporary, Path target) throws IOException {
    var existing = existing(target);
    if (existing == Existing.DIRECTORY) {
      throw new IOException(target + " is a directory");
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted before renaming " + temporary);
    }
    if (existing == Existing.NOTHING && files.rename(temporary, target)) {
      return;
    }
    try {
      // FileSystem's own does not replace.
      FileContext.getFileContext(files.getUri(), files.getConf())
          .rename(temporary, target, Options.Rename.OVERWRITE);
    } catch (UnsupportedFileSystemException e) {
      files.delete(target, false);
      if (!files.rename(temporary, target)) {
        throw new IOException(temporary + " could not be renamed to " + target, e);
      }
    }
  }

  private enum Existing {
    NOTHING,
    FILE,
    DIRECTORY
  }

  private Existing existing(Path path) throws IOException {
    try {
      return files.getFileStatus(path).isDirectory() ? Existing.DIRECTORY : Existing.FILE;
    } catch (FileNotFoundException e) {
      return Existing.NOTHING;
    }
  }

  @Override
  public void delete(String path) throws IOException {
    try {
      files.delete(at(path), false);
    } catch (FileNotFoundException e) {
      // As it should be.
    } catch (IOException e) {
      throw explained(e, path);
    }
  }

  @Override
  public String location() {
    return location;
  }

  /** In the terms of {@link Storage}. */
  private IOException explained(IOException e, String path) {
    var file = location.endsWith("/") ? location + path : location + "/" + path;
    var failure = e instanceof RemoteException remote ? remote.unwrapRemoteException() : e;
    IOException told;
    if (failure instanceof FileNotFoundException) {
      told = new NoSuchFileException(file, null, firstLine(failure));
    } else if (failure instanceof AccessControlException) {
      told = new AccessDeniedException(file, null, firstLine(failure));
    } else {
      return failure;
    }
    told.initCause(failure);
    return told;
  }

  /** A name node sends its stack trace along. */
  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  @Override
  public void close() {}
}
