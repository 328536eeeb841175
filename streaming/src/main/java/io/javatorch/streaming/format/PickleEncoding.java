package io.javatorch.streaming.format;

import java.nio.ByteBuffer;

/**
 * Python's pickle, of plain data alone: None, booleans, numbers, text, bytes, lists, tuples, sets
 * and dictionaries. Whatever would run code is refused.
 */
enum PickleEncoding implements Encoding {
  INSTANCE;

  @Override
  public int size() {
    return -1;
  }

  @Override
  public byte[] encode(Object value) {
    if (value instanceof byte[] bytes) {
      return Encoding.checked(this, bytes);
    }
    return new PickleWriter().write(value);
  }

  @Override
  public Object decode(ByteBuffer bytes) throws InvalidDataException {
    return new PickleReader(bytes).read();
  }
}
