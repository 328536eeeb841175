package io.javatorch.streaming.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URISyntaxException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.EtagSource;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathIsNotEmptyDirectoryException;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.security.UserGroupInformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A directory of one of Hadoop's file systems. Compiled so that it runs with Hadoop 3.3.4 too. */
final class HadoopStorage implements Storage {
  private static final Logger LOG = LoggerFactory.getLogger(HadoopStorage.class);

  /** Where a file appears when it is closed, and renaming would copy it. */
  private static final Set<String> WRITTEN_IN_PLACE =
      Set.of("s3a", "s3", "s3n", "gs", "oss", "cosn", "obs");

  private static final int BUFFER_BYTES = 1 << 18;

  /** Hadoop 3.4.2's option to create a file only where there is none, which S3 sees to. */
  private static final String IF_ABSENT = "fs.option.create.conditional.overwrite";

  private final String location;
  private final String password;
  private final Configuration settings;
  private final Path given;
  private final UserGroupInformation user;
  private FileSystem known;

  /** Renames over what is there, which {@link #known} cannot. */
  private FileContext renaming;

  private HadoopStorage(
      String location,
      String password,
      Configuration settings,
      Path given,
      UserGroupInformation user) {
    this.location = location;
    this.password = password;
    this.settings = settings;
    this.given = given;
    this.user = user;
  }

  static HadoopStorage connect(String location, Configuration settings) throws IOException {
    var shown = Locations.forMessages(location);
    Path root;
    try {
      root = new Path(location);
    } catch (IllegalArgumentException e) {
      // Its own message and its cause have the location as it is.
      var reason =
          e.getCause() instanceof URISyntaxException syntax ? ": " + syntax.getReason() : "";
      throw new IllegalArgumentException(shown + " is no Hadoop location" + reason);
    }
    var scheme = root.toUri().getScheme();
    if ((scheme.equals("s3") || scheme.equals("s3n"))
        && settings.get("fs." + scheme + ".impl") == null) {
      root = new Path("s3a", root.toUri().getAuthority(), root.toUri().getPath());
    }
    try {
      FileSystem.getFileSystemClass(root.toUri().getScheme(), settings);
    } catch (RuntimeException e) {
      throw missingOrFailed(shown, e);
    }
    return new HadoopStorage(
        shown, Locations.password(location), settings, root, UserGroupInformation.getCurrentUser());
  }

  private static IOException missingOrFailed(String location, Throwable failure) {
    for (var cause = failure; cause != null; cause = cause.getCause()) {
      // So does Hadoop say that the class that its settings name is not there.
      if (cause instanceof ClassNotFoundException || cause instanceof NoClassDefFoundError) {
        return HadoopStorageProvider.missing(location, cause.getMessage(), failure);
      }
    }
    return new IOException(location + ": " + failure, failure);
  }

  /** Reaches the file system, as late as this: a host can be away for a while, or hang. */
  private synchronized FileSystem files() throws IOException {
    if (known == null) {
      try {
        // Shared with all of this process, and not ours to close, unless the settings say no.
        known =
            user.doAs((PrivilegedExceptionAction<FileSystem>) () -> given.getFileSystem(settings));
      } catch (LinkageError | RuntimeException e) {
        throw missingOrFailed(location, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        var interrupted = new InterruptedIOException("interrupted while reaching " + location);
        interrupted.initCause(e);
        throw interrupted;
      }
    }
    return known;
  }

  private Path root() throws IOException {
    return files().makeQualified(given);
  }

  private interface Work<T> {
    T on(FileSystem files) throws IOException;
  }

  /** File systems report some failures of the network as runtime exceptions. */
  private <T> T with(String path, Work<T> work) throws IOException {
    try {
      return work.on(files());
    } catch (IOException e) {
      throw withoutPassword(explained(e, path));
    } catch (RuntimeException e) {
      throw withoutPassword(new IOException(place(path) + ": " + e, e));
    }
  }

  /** Hadoop's messages can have the location as it was given. */
  private IOException withoutPassword(IOException failure) {
    if (password.isEmpty()) {
      return failure;
    }
    boolean tells = false;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      tells |= cause.toString().contains(password);
    }
    if (!tells) {
      return failure;
    }
    // Its causes would tell it as well.
    if (failure instanceof NoSuchFileException || failure instanceof AccessDeniedException) {
      var file = ((FileSystemException) failure).getFile();
      var reason = Locations.hide(password, ((FileSystemException) failure).getReason() + "");
      return failure instanceof NoSuchFileException
          ? new NoSuchFileException(file, null, reason)
          : new AccessDeniedException(file, null, reason);
    }
    return new IOException(Locations.hide(password, failure.toString()));
  }

  /** Not by resolving: a name with a colon would be taken for a URI. */
  private Path at(String path) throws IOException {
    var root = root();
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
    return with(
        path,
        files -> {
          var status = fileStatus(files, path);
          return versioned(open(files, status, path, offset, "sequential"), status);
        });
  }

  @Override
  public InputStream open(String path, long offset, long length) throws IOException {
    return with(
        path,
        files -> {
          // Sequentially, an object store would be asked for all up to the end of the file.
          var status = fileStatus(files, path);
          var in = open(files, status, path, offset, "random");
          try {
            // One request for the part, and not one for each buffer that is read of it.
            in.setReadahead(length);
          } catch (UnsupportedOperationException e) {
            LOG.trace("{} reads ahead as it likes", path, e);
          } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
          }
          return versioned(in, status);
        });
  }

  private FileStatus fileStatus(FileSystem files, String path) throws IOException {
    var status = files.getFileStatus(at(path));
    if (status.isDirectory()) {
      throw new FileNotFoundException("it is a directory");
    }
    return status;
  }

  private static InputStream versioned(InputStream in, FileStatus status) {
    var tag = status instanceof EtagSource source ? source.getEtag() : null;
    return new VersionedInputStream(
        in,
        (tag == null || tag.isEmpty() ? status.getModificationTime() : tag)
            + ", "
            + status.getLen()
            + " bytes");
  }

  private FSDataInputStream open(
      FileSystem files, FileStatus status, String path, long offset, String policy)
      throws IOException {
    FSDataInputStream in;
    try {
      in =
          files
              .openFile(at(path))
              // An object store is not asked for it again, and refuses to read another version.
              .withFileStatus(status)
              .opt("fs.option.openfile.read.policy", policy)
              // Its name before Hadoop 3.3.5, where s3a alone had it.
              .opt("fs.s3a.experimental.input.fadvise", policy)
              .build()
              .get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure
          ? failure
          : new IOException(place(path) + ": " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted while opening " + path);
      interrupted.initCause(e);
      throw interrupted;
    }
    try {
      if (offset > 0) {
        in.seek(offset);
      }
      return in;
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  @Override
  public long size(String path) throws IOException {
    return with(path, files -> fileStatus(files, path).getLen());
  }

  @Override
  public List<StoredFile> list(String directory) throws IOException {
    return with(directory, files -> list(files, directory));
  }

  private List<StoredFile> list(FileSystem files, String directory) throws IOException {
    var path = at(directory);
    var entries = new ArrayList<StoredFile>();
    try {
      for (var status : files.listStatus(path)) {
        if (status.isFile() && status.getPath().toUri().getPath().equals(path.toUri().getPath())) {
          throw new NotDirectoryException(place(directory));
        }
        entries.add(
            new StoredFile(
                status.getPath().getName(),
                status.isDirectory(),
                status.isDirectory() ? 0 : status.getLen()));
      }
    } catch (FileNotFoundException e) {
      return List.of();
    }
    entries.sort(Comparator.comparing(StoredFile::name));
    return entries;
  }

  @Override
  public void put(java.nio.file.Path source, String path) throws IOException {
    with(
        path,
        files -> {
          if (isWrittenInPlace(files)) {
            write(source, () -> create(files, at(path)), files, at(path));
          } else {
            writeAndRename(files, source, at(path), this::rename);
          }
          return null;
        });
  }

  @Override
  public boolean putNew(java.nio.file.Path source, String path) throws IOException {
    return with(
        path,
        files -> {
          var target = at(path);
          if (existing(files, target) != Existing.NOTHING) {
            return false;
          }
          try {
            if (isWrittenInPlace(files)) {
              write(source, () -> createNew(files, target), files, target);
            } else {
              writeAndRename(files, source, target, this::renameNew);
            }
            return true;
          } catch (FileAlreadyExistsException e) {
            LOG.debug("{} was put by another at the same time", target, e);
            return false;
          } catch (IOException e) {
            // S3A's for a condition that does not hold; its module may not be there.
            if (e.getClass().getSimpleName().equals("RemoteFileChangedException")) {
              LOG.debug("{} was put by another at the same time", target, e);
              return false;
            }
            throw e;
          }
        });
  }

  private static boolean isWrittenInPlace(FileSystem files) {
    return WRITTEN_IN_PLACE.contains(files.getUri().getScheme());
  }

  private interface Renaming {
    void rename(FileSystem files, Path temporary, Path target) throws IOException;
  }

  private static void writeAndRename(
      FileSystem files, java.nio.file.Path source, Path target, Renaming renaming)
      throws IOException {
    var temporary =
        new Path(target.getParent(), "." + target.getName() + "." + UUID.randomUUID() + ".tmp");
    boolean renamed = false;
    try {
      write(source, () -> create(files, temporary), files, temporary);
      renaming.rename(files, temporary, target);
      renamed = true;
    } finally {
      if (!renamed) {
        deleteQuietly(files, temporary);
      }
    }
  }

  private interface Creation {
    FSDataOutputStream create() throws IOException;
  }

  private static FSDataOutputStream create(FileSystem files, Path target) throws IOException {
    return files.create(target, true, BUFFER_BYTES);
  }

  /** Creates a file that does not replace one, where the store can see to that. */
  private static FSDataOutputStream createNew(FileSystem files, Path target) throws IOException {
    if (!files.hasPathCapability(target, IF_ABSENT)) {
      return files.create(target, false, BUFFER_BYTES);
    }
    FSDataOutputStreamBuilder<?, ?> creation = files.createFile(target);
    creation.recursive().overwrite(true).bufferSize(BUFFER_BYTES).opt(IF_ABSENT, true);
    return creation.build();
  }

  private static void write(
      java.nio.file.Path source, Creation creation, FileSystem files, Path target)
      throws IOException {
    try (var in = Files.newInputStream(source)) {
      FSDataOutputStream out = creation.create();
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
          giveUp(files, out, target);
        }
      }
    }
  }

  /** Closing would publish what there is, in a store where a file appears on being closed. */
  private static void giveUp(FileSystem files, FSDataOutputStream out, Path target) {
    if (out.hasCapability("fs.capability.outputstream.abortable")) {
      out.abort();
      return;
    }
    try {
      out.close();
    } catch (IOException e) {
      // What matters is the failure that led here, and that the file goes.
    }
    deleteQuietly(files, target);
  }

  private static void deleteQuietly(FileSystem files, Path path) {
    try {
      files.delete(path, false);
    } catch (IOException e) {
      // A hidden file is left; the failure that led here is the one to report.
    }
  }

  /** Made once: each has connections of its own, and none can be closed. */
  private synchronized FileContext renaming(FileSystem files) throws IOException {
    if (renaming == null) {
      renaming = FileContext.getFileContext(files.getUri(), files.getConf());
    }
    return renaming;
  }

  private void rename(FileSystem files, Path temporary, Path target) throws IOException {
    var existing = existing(files, target);
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
      renaming(files).rename(temporary, target, Options.Rename.OVERWRITE);
    } catch (UnsupportedFileSystemException e) {
      if (existing == Existing.NOTHING || !replace(files, temporary, target)) {
        throw new IOException(temporary + " could not be renamed to " + target, e);
      }
    }
  }

  /** Fails with {@link FileAlreadyExistsException} where there is a file of the name. */
  private void renameNew(FileSystem files, Path temporary, Path target) throws IOException {
    try {
      // FileSystem's own would move it into a directory of that name.
      renaming(files).rename(temporary, target);
    } catch (UnsupportedFileSystemException e) {
      if (existing(files, target) != Existing.NOTHING) {
        throw new FileAlreadyExistsException(target.toString());
      }
      if (!files.rename(temporary, target)) {
        throw new IOException(temporary + " could not be renamed to " + target, e);
      }
    }
  }

  /** In two steps, between which the file has another name, but is not lost. */
  private static boolean replace(FileSystem files, Path temporary, Path target) throws IOException {
    var aside = new Path(target.getParent(), temporary.getName() + ".old");
    if (!files.rename(target, aside)) {
      return false;
    }
    boolean replaced = false;
    try {
      replaced = files.rename(temporary, target);
      return replaced;
    } finally {
      if (replaced) {
        deleteQuietly(files, aside);
      } else if (!files.rename(aside, target)) {
        LOG.error("{} is now {}: it could not be renamed back", target, aside);
      }
    }
  }

  private enum Existing {
    NOTHING,
    FILE,
    DIRECTORY
  }

  private static Existing existing(FileSystem files, Path path) throws IOException {
    try {
      return files.getFileStatus(path).isDirectory() ? Existing.DIRECTORY : Existing.FILE;
    } catch (FileNotFoundException e) {
      return Existing.NOTHING;
    }
  }

  @Override
  public void delete(String path) throws IOException {
    with(
        path,
        files -> {
          try {
            return files.delete(at(path), false);
          } catch (FileNotFoundException e) {
            // As it should be.
            return false;
          }
        });
  }

  @Override
  public void deleteDirectory(String path) throws IOException {
    with(
        path,
        files -> {
          var directory = at(path);
          try {
            if (!files.getFileStatus(directory).isDirectory()) {
              throw new NotDirectoryException(place(path));
            }
            // Not every file system knows an exception of its own for one that is not empty.
            return files.listStatus(directory).length == 0 && files.delete(directory, false);
          } catch (FileNotFoundException e) {
            LOG.trace("{} was not there to be deleted", directory, e);
            return false;
          } catch (PathIsNotEmptyDirectoryException e) {
            LOG.trace("{} was filled just now", directory, e);
            return false;
          }
        });
  }

  @Override
  public String location() {
    return location;
  }

  private String place(String path) {
    return location.endsWith("/") || path.isEmpty() ? location + path : location + "/" + path;
  }

  /** In the terms of {@link Storage}; its own exceptions stay, which may be of a file here. */
  private IOException explained(IOException e, String path) {
    var file = place(path);
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
  public synchronized void close() throws IOException {
    var disabled = "fs." + given.toUri().getScheme() + ".impl.disable.cache";
    if (known != null && settings.getBoolean(disabled, false)) {
      known.close();
      known = null;
    }
  }
}
