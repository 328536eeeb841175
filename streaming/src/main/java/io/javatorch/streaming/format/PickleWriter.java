package io.javatorch.streaming.format;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes plain data as Python's pickle, protocol 4. One object writes one value. */
final class PickleWriter {
  private static final int MAX_DEPTH = 500;
  private static final int BATCH = 1000;

  /** Python ends a frame at 64 KiB; beyond it no frames are written, which are optional. */
  private static final int MAX_FRAME_BYTES = 1 << 16;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  byte[] write(Object value) {
    save(value, 0);
    out.write('.');
    var body = out.toByteArray();
    boolean framed = body.length >= 4 && body.length < MAX_FRAME_BYTES;
    var pickle =
        ByteBuffer.allocate(2 + (framed ? 9 : 0) + body.length).order(ByteOrder.LITTLE_ENDIAN);
    pickle.put((byte) 0x80).put((byte) 4);
    if (framed) {
      pickle.put((byte) 0x95).putLong(body.length);
    }
    return pickle.put(body).array();
  }

  private void save(Object value, int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException("the value is nested deeper than " + MAX_DEPTH);
    }
    if (value == null) {
      out.write('N');
    } else if (value instanceof Boolean bool) {
      out.write(bool ? 0x88 : 0x89);
    } else if (value instanceof Byte
        || value instanceof Short
        || value instanceof Integer
        || value instanceof Long) {
      saveInteger(((Number) value).longValue());
    } else if (value instanceof BigInteger big) {
      if (big.bitLength() < 64) {
        saveInteger(big.longValue());
      } else {
        saveLong(big);
      }
    } else if (value instanceof Float || value instanceof Double) {
      out.write('G');
      out.writeBytes(ByteBuffer.allocate(8).putDouble(((Number) value).doubleValue()).array());
    } else if (value instanceof String text) {
      saveBlob(text.getBytes(StandardCharsets.UTF_8), 0x8c, 'X');
    } else if (value instanceof byte[] bytes) {
      saveBlob(bytes, 'C', 'B');
    } else if (value instanceof List<?> list) {
      out.write(']');
      memoize();
      saveBatches(list.iterator(), 'a', 'e', depth);
    } else if (value instanceof Map<?, ?> map) {
      out.write('}');
      memoize();
      saveBatches(map.entrySet().iterator(), 's', 'u', depth);
    } else {
      throw new IllegalArgumentException(
          "a " + value.getClass().getName() + " is no plain data to pickle");
    }
  }

  private void saveInteger(long value) {
    if (value >= 0 && value <= 0xff) {
      out.write('K');
      out.write((int) value);
    } else if (value >= 0 && value <= 0xffff) {
      out.write('M');
      out.write((int) value);
      out.write((int) value >> 8);
    } else if (value == (int) value) {
      out.write('J');
      saveInt((int) value);
    } else {
      saveLong(BigInteger.valueOf(value));
    }
  }

  /** Two's complement, little-endian, as short as it can be. */
  private void saveLong(BigInteger value) {
    var bytes = value.toByteArray();
    if (bytes.length < 256) {
      out.write(0x8a);
      out.write(bytes.length);
    } else {
      out.write(0x8b);
      saveInt(bytes.length);
    }
    for (int i = bytes.length - 1; i >= 0; i--) {
      out.write(bytes[i]);
    }
  }

  private void saveBlob(byte[] bytes, int shortOpcode, int opcode) {
    if (bytes.length < 256) {
      out.write(shortOpcode);
      out.write(bytes.length);
    } else {
      out.write(opcode);
      saveInt(bytes.length);
    }
    out.writeBytes(bytes);
    memoize();
  }

  /** Python appends in batches, and a batch of one with an opcode of its own. */
  private void saveBatches(Iterator<?> items, int one, int many, int depth) {
    while (items.hasNext()) {
      var first = items.next();
      if (!items.hasNext()) {
        saveItem(first, depth);
        out.write(one);
        return;
      }
      out.write('(');
      saveItem(first, depth);
      for (int i = 1; i < BATCH && items.hasNext(); i++) {
        saveItem(items.next(), depth);
      }
      out.write(many);
    }
  }

  private void saveItem(Object item, int depth) {
    if (item instanceof Map.Entry<?, ?> entry) {
      save(entry.getKey(), depth + 1);
      save(entry.getValue(), depth + 1);
    } else {
      save(item, depth + 1);
    }
  }

  private void memoize() {
    out.write(0x94);
  }

  private void saveInt(int value) {
    for (int i = 0; i < 4; i++) {
      out.write(value >> (8 * i));
    }
  }
}
