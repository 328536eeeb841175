package io.javatorch.distributor.launch;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;

/** Training functions and their results as bytes. Only bytes of this very job are ever read. */
final class JavaSerialization {
  private JavaSerialization() {}

  /**
   * The object as bytes.
   *
   * @param what names the object in the error
   * @throws IllegalArgumentException if something in it is not serializable; names the class
   */
  static byte[] write(String what, Object object) {
    try (var bytes = new ByteArrayOutputStream();
        var out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
      out.flush();
      return bytes.toByteArray();
    } catch (NotSerializableException e) {
      throw new IllegalArgumentException(
          what
              + " holds an object of class "
              + e.getMessage()
              + ", which is not serializable. Pass paths and settings into the lambda instead of"
              + " live objects; credentials, ranks and devices come with the TrainingContext.",
          e);
    } catch (IOException e) {
      throw new IllegalArgumentException(what + " cannot be serialized: " + e.getMessage(), e);
    }
  }

  /** The object that {@link #write} was given, its classes looked up in a class loader. */
  static Object read(String what, byte[] bytes, ClassLoader classes)
      throws IOException, ClassNotFoundException {
    try (var in = new ClassLoaderObjectInputStream(new ByteArrayInputStream(bytes), classes)) {
      return in.readObject();
    } catch (ClassNotFoundException e) {
      throw new ClassNotFoundException(
          what
              + " needs class "
              + e.getMessage()
              + ", which is not here. Give the jar that holds it to spark-submit (as the"
              + " application jar or with --jars).",
          e);
    }
  }

  private static final class ClassLoaderObjectInputStream extends ObjectInputStream {
    private final ClassLoader classes;

    ClassLoaderObjectInputStream(InputStream in, ClassLoader classes) throws IOException {
      super(in);
      this.classes = classes;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass descriptor)
        throws IOException, ClassNotFoundException {
      try {
        return Class.forName(descriptor.getName(), false, classes);
      } catch (ClassNotFoundException e) {
        return super.resolveClass(descriptor); // primitive types
      }
    }
  }
}
