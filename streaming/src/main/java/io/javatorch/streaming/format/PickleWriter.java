package io.javatorch.streaming.format;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Writes plain data as Python's pickle, protocol 4. One object writes one value.
 *
 * <p>The bytes are those of CPython for a value in which no text, bytes, list or map occurs twice
 * as the same object; there Python refers back to the first. What is the same object in Python no
 * value shows: it shares single characters and the keys of what it parsed from JSON.
 */
final class PickleWriter {
  private static final int MAX_DEPTH = 500;
  private static final int BATCH = 1000;

  // Python divides a pickle into frames: each ends before the first value that begins beyond this
  // many bytes, and text or bytes of as many stand outside. Tiny ones go without the head.
  private static final int FRAME_BYTES = 1 << 16;
  private static final int MIN_FRAME_BYTES = 4;
  private static final int FRAME_HEAD_BYTES = 9;

  private byte[] buffer = new byte[256];
  private int size;

  /** Where the head of the frame is to stand, or -1 between frames. */
  private int frame = -1;

  byte[] write(Object value) {
    put(0x80);
    put(4);
    save(value, 0);
    opcode('.');
    endFrame();
    return Arrays.copyOf(buffer, size);
  }

  private void save(Object value, int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException("the value is nested deeper than " + MAX_DEPTH);
    }
    if (frame >= 0 && size - frame - FRAME_HEAD_BYTES >= FRAME_BYTES) {
      endFrame();
    }
    if (value == null) {
      opcode('N');
    } else if (value instanceof Boolean bool) {
      opcode(bool ? 0x88 : 0x89);
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
      opcode('G');
      // The one number of a pickle that is big-endian.
      putLittle(Long.reverseBytes(Double.doubleToRawLongBits(((Number) value).doubleValue())), 8);
    } else if (value instanceof String text) {
      saveBlob(Encoding.utf8(text), 0x8c, 'X');
    } else if (value instanceof byte[] bytes) {
      saveBlob(bytes, 'C', 'B');
    } else if (value instanceof List<?> list) {
      saveList(list, depth);
    } else if (value instanceof Map<?, ?> map) {
      saveMap(map, depth);
    } else {
      throw new IllegalArgumentException(
          "a " + value.getClass().getName() + " is no plain data to pickle");
    }
  }

  private void saveInteger(long value) {
    if (value >= 0 && value <= 0xff) {
      opcode('K');
      put((int) value);
    } else if (value >= 0 && value <= 0xffff) {
      opcode('M');
      putLittle(value, 2);
    } else if (value == (int) value) {
      opcode('J');
      putLittle(value, 4);
    } else {
      saveLong(BigInteger.valueOf(value));
    }
  }

  /** Two's complement, little-endian, as short as it can be. */
  private void saveLong(BigInteger value) {
    var bytes = value.toByteArray();
    if (bytes.length < 256) {
      opcode(0x8a);
      put(bytes.length);
    } else {
      opcode(0x8b);
      putLittle(bytes.length, 4);
    }
    for (int i = bytes.length - 1; i >= 0; i--) {
      put(bytes[i]);
    }
  }

  private void saveBlob(byte[] bytes, int shortOpcode, int longOpcode) {
    boolean framed = bytes.length < FRAME_BYTES;
    if (framed) {
      beginFrame();
    } else {
      endFrame();
    }
    if (bytes.length < 256) {
      put(shortOpcode);
      put(bytes.length);
    } else {
      put(longOpcode);
      putLittle(bytes.length, 4);
    }
    reserve(bytes.length);
    System.arraycopy(bytes, 0, buffer, size, bytes.length);
    size += bytes.length;
    memoize();
  }

  private void saveList(List<?> list, int depth) {
    opcode(']');
    memoize();
    if (list.size() == 1) {
      save(list.get(0), depth + 1);
      opcode('a');
      return;
    }
    int i = 0;
    for (var item : list) {
      if (i % BATCH == 0) {
        opcode('(');
      }
      save(item, depth + 1);
      if (++i % BATCH == 0 || i == list.size()) {
        opcode('e');
      }
    }
  }

  private void saveMap(Map<?, ?> map, int depth) {
    opcode('}');
    memoize();
    if (map.isEmpty()) {
      return;
    }
    boolean single = map.size() == 1;
    int i = 0;
    for (var entry : map.entrySet()) {
      if (!single && i % BATCH == 0) {
        opcode('(');
      }
      save(entry.getKey(), depth + 1);
      save(entry.getValue(), depth + 1);
      if (++i % BATCH == 0) {
        opcode('u');
      }
    }
    if (single) {
      opcode('s');
    } else {
      // After a full batch Python looks for more in another, and closes that even if it is empty.
      if (i % BATCH == 0) {
        opcode('(');
      }
      opcode('u');
    }
  }

  private void memoize() {
    opcode(0x94);
  }

  private void opcode(int code) {
    beginFrame();
    put(code);
  }

  private void beginFrame() {
    if (frame < 0) {
      frame = size;
      reserve(FRAME_HEAD_BYTES);
      size += FRAME_HEAD_BYTES;
    }
  }

  private void endFrame() {
    if (frame < 0) {
      return;
    }
    int content = frame + FRAME_HEAD_BYTES;
    int length = size - content;
    if (length >= MIN_FRAME_BYTES) {
      buffer[frame] = (byte) 0x95;
      ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN).putLong(frame + 1, length);
    } else {
      System.arraycopy(buffer, content, buffer, frame, length);
      size -= FRAME_HEAD_BYTES;
    }
    frame = -1;
  }

  private void putLittle(long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      put((int) (value >> (8 * i)));
    }
  }

  private void put(int value) {
    reserve(1);
    buffer[size++] = (byte) value;
  }

  private void reserve(int bytes) {
    int needed = Math.addExact(size, bytes);
    if (needed > buffer.length) {
      buffer =
          Arrays.copyOf(buffer, Math.max(needed, (int) Math.min(2L * size, Integer.MAX_VALUE - 8)));
    }
  }
}
