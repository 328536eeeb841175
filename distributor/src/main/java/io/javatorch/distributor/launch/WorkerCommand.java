package io.javatorch.distributor.launch;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How a worker's JVM is started. No secret is ever in it.
 *
 * @param heap what follows {@code -Xmx}
 */
record WorkerCommand(String heap, List<String> jvmOptions) {
  /**
   * Writes what this process can load into an argument file. A cluster's class path can be longer
   * than the 128 KiB that Linux allows one argument. The caller deletes the file.
   */
  Path writeClassPathFile() throws IOException {
    var file = Files.createTempFile("javatorch-class-path", ".args"); // readable by us alone
    var quoted = String.join(File.pathSeparator, classPath()).replace("\\", "\\\\");
    return Files.writeString(file, "-cp \"" + quoted.replace("\"", "\\\"") + "\"\n");
  }

  List<String> commandLine(Path classPathFile) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    // A rank that is out of memory must end, not limp on with a dead background thread.
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-Dfile.encoding=UTF-8");
    command.add("-Dlog4j2.level=WARN");
    // DJL fetches what it misses; a rank must fail instead, and say what is missing.
    command.add("-Dai.djl.offline=true");
    command.addAll(jvmOptions);
    command.add("@" + classPathFile);
    command.add(WorkerMain.class.getName());
    return command;
  }

  /**
   * What this process can load, in its order: its own class path, then the jars that Spark fetched
   * for the application and put into class loaders of its own.
   */
  private static Set<String> classPath() {
    var entries = new LinkedHashSet<String>();
    for (var entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        // Absolute, as the worker need not start in our directory; a trailing /* stays as it is.
        entries.add(new File(entry).getAbsolutePath());
      }
    }
    var loader = Thread.currentThread().getContextClassLoader();
    for (; loader != null; loader = loader.getParent()) {
      if (loader instanceof URLClassLoader urls) {
        for (var url : urls.getURLs()) {
          if (url.getProtocol().equals("file")) {
            entries.add(toPath(url.toString()));
          }
        }
      }
    }
    return entries;
  }

  private static String toPath(String fileUrl) {
    try {
      return Path.of(new URI(fileUrl)).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("Spark's class loader holds a bad URL: " + fileUrl, e);
    }
  }
}
