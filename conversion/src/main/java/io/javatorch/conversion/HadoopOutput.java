package io.javatorch.conversion;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A directory of any Hadoop file system ({@code hdfs:}, {@code abfss:}, {@code s3a:}, ...). Shards
 * are written to local disk first and copied when they are whole. On a store whose rename is a
 * copy, the commit copies.
 */
final class HadoopOutput implements OutputStore {
  private static final long serialVersionUID = 1L;

  private final String root;
  private transient Configuration configuration;

  HadoopOutput(String root, Configuration configuration) {
    this.root = root.replaceAll("(?<=[^/:])/+$", "");
    this.configuration = configuration;
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    out.defaultWriteObject();
    configuration.write(out);
  }

  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    configuration = new Configuration(false);
    configuration.readFields(in);
  }

  private Path at(String path) {
    return path.isEmpty() ? new Path(root) : new Path(root, path);
  }

  /** Hadoop caches file systems: this one is shared and must not be closed. */
  private FileSystem files() throws IOException {
    return at("").getFileSystem(configuration);
  }

  @Override
  public String location() {
    return root;
  }

  @Override
  public List<String> list() throws IOException {
    try {
      var root = files().getFileStatus(at(""));
      if (!root.isDirectory()) {
        throw new FileAlreadyExistsException(this.root, null, "it is a file, not a directory");
      }
      var names = new ArrayList<String>();
      for (var entry : files().listStatus(at(""))) {
        names.add(entry.getPath().getName());
      }
      Collections.sort(names);
      return names;
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }

  @Override
  public boolean exists(String path) throws IOException {
    return files().exists(at(path));
  }

  @Override
  public boolean isDirectory(String path) throws IOException {
    try {
      return files().getFileStatus(at(path)).isDirectory();
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  @Override
  public void createDirectory(String path) throws IOException {
    if (!files().mkdirs(at(path))) {
      throw new IOException("Cannot create the directory " + at(path));
    }
  }

  @Override
  public boolean createFile(String path, String text) throws IOException {
    FSDataOutputStream created;
    try {
      created = files().create(at(path), false);
    } catch (IOException e) {
      // File systems report a file that is there already in several ways.
      if (exists(path)) {
        return false;
      }
      throw e;
    }
    try (created) {
      created.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // An empty one would keep everybody else out.
      try {
        delete(path);
      } catch (IOException cleaning) {
        e.addSuppressed(cleaning);
      }
      throw e;
    }
    // Some object stores let two writers create one file, and keep the later one's.
    return readFile(path).equals(text);
  }

  @Override
  public String readFile(String path) throws IOException {
    try (var in = files().open(at(path))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Override
  public java.nio.file.Path begin(String path) throws IOException {
    return Files.createTempDirectory("mds-");
  }

  @Override
  public void finish(java.nio.file.Path local, String path) throws IOException {
    var target = at(path);
    if (!isDirectory(parent(path))) {
      throw new IOException(
          "The job that wrote " + target + " is over; this attempt came too late");
    }
    createDirectory(path);
    try (var entries = Files.list(local)) {
      for (var entry : entries.sorted().toList()) {
        files()
            .copyFromLocalFile(
                new Path(entry.toUri()), new Path(target, entry.getFileName().toString()));
      }
    }
    LocalOutput.deleteTree(local);
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  @Override
  public void move(String from, String to) throws IOException {
    // Hadoop's rename moves into a directory that is there already.
    if (files().exists(at(to))) {
      throw new FileAlreadyExistsException(at(to).toString());
    }
    if (!files().rename(at(from), at(to))) {
      throw new IOException("Cannot move " + at(from) + " to " + at(to));
    }
  }

  @Override
  public void fetch(String path, java.nio.file.Path local) throws IOException {
    try (var in = files().open(at(path))) {
      Files.copy(in, local);
    }
  }

  @Override
  public void publish(java.nio.file.Path local, String temporary, String path) throws IOException {
    try {
      files().copyFromLocalFile(false, true, new Path(local.toUri()), at(temporary));
      if (exists(path)) {
        files().delete(at(path), false);
      }
      if (!files().rename(at(temporary), at(path))) {
        throw new IOException("Cannot move " + at(temporary) + " to " + at(path));
      }
    } catch (IOException | RuntimeException e) {
      try {
        delete(temporary);
      } catch (IOException cleaning) {
        e.addSuppressed(cleaning);
      }
      throw e;
    }
  }

  @Override
  public void delete(String path) throws IOException {
    files().delete(at(path), true);
  }

  @Override
  public void deleteIfEmpty() throws IOException {
    if (isDirectory("") && list().isEmpty()) {
      files().delete(at(""), false);
    }
  }
}
