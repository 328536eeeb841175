package io.javatorch.streaming.format;

import io.javatorch.streaming.format.Encoding.InvalidDataException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the plain data of a Python pickle, protocols 0 to 5. Every opcode that imports or calls
 * something is refused, so that no code of the input's choice runs. One object reads one value.
 */
final class PickleReader {
  private static final Object MARK = new Object();
  private static final int MAX_DEPTH = 500;

  /** Bytes of 4300 decimal digits, more than which Python does not print either. */
  private static final int MAX_INTEGER_BYTES = 1786;

  /** About what a collection or a number takes on the heap, with its place in a collection. */
  private static final int OBJECT_BYTES = 100;

  private static final int REFERENCE_BYTES = 8;

  /** How often, on average, a byte of input may be visited again through shared parts. */
  private static final int MAX_EXPANSION = 100;

  private final ByteBuffer in;
  private final List<Object> stack = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();

  /** What of the heap the value may still take. */
  private long room = DecodingLimits.heapBytes();

  PickleReader(ByteBuffer bytes) {
    in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A dictionary key or an element of a set: what Python can hash. */
  private static Object hashable(Object value) throws InvalidDataException {
    if (value == MARK
        || value instanceof Map<?, ?>
        || value instanceof Collection<?>
        || value instanceof byte[]) {
      throw new InvalidDataException(
          "the pickle uses a collection or bytes as a key, which is no plain data here");
    }
    return value;
  }

  Object read() throws InvalidDataException {
    while (true) {
      int opcode = u8();
      if (opcode == '.') {
        var value = pop();
        if (!stack.isEmpty() || in.hasRemaining()) {
          throw new InvalidDataException("the pickle goes on after its value");
        }
        check(value);
        return value;
      }
      step(opcode);
    }
  }

  private void step(int opcode) throws InvalidDataException {
    switch (opcode) {
      case 0x80 -> {
        int protocol = u8();
        if (protocol > 5) {
          throw new InvalidDataException("the pickle has the unknown protocol " + protocol);
        }
      }
      // A frame says how much follows, which changes nothing here.
      case 0x95 -> length(8);
      case 'N' -> push(null);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'I' -> {
        var line = line();
        push(line.equals("00") ? (Object) false : line.equals("01") ? true : integer(line));
      }
      case 'L' -> {
        var line = line();
        push(integer(line.endsWith("L") ? line.substring(0, line.length() - 1) : line));
      }
      case 'J' -> {
        require(4);
        push(BigInteger.valueOf(in.getInt()));
      }
      case 'K' -> push(BigInteger.valueOf(little(1)));
      case 'M' -> push(BigInteger.valueOf(little(2)));
      case 0x8a -> push(longInteger((int) little(1)));
      case 0x8b -> push(longInteger(length(4)));
      case 'F' ->
          push(
              TextNumberEncoding.STR_FLOAT.decode(
                  ByteBuffer.wrap(line().getBytes(StandardCharsets.ISO_8859_1))));
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(little(8))));
      case 'V' -> push(unescaped(line()));
      case 'X' -> push(Encoding.text(bytes(length(4))));
      case 0x8c -> push(Encoding.text(bytes(u8())));
      case 0x8d -> push(Encoding.text(bytes(length(8))));
      case 'B' -> push(bytes(length(4)));
      case 'C' -> push(bytes(u8()));
      case 0x8e, 0x96 -> push(bytes(length(8)));
      case ']' -> push(new ArrayList<>());
      case '}' -> push(new LinkedHashMap<>());
      case 0x8f -> push(new LinkedHashSet<>());
      case ')' -> push(new ArrayList<>());
      case 0x85 -> push(popLast(1));
      case 0x86 -> push(popLast(2));
      case 0x87 -> push(popLast(3));
      case '(' -> pushAgain(MARK);
      case 't', 'l' -> push(popToMark());
      case 'd' -> {
        var items = popToMark();
        var map = new LinkedHashMap<Object, Object>();
        put(map, items);
        push(map);
      }
      case 0x91 -> {
        var set = new LinkedHashSet<Object>();
        for (var item : popToMark()) {
          set.add(hashable(item));
        }
        push(set);
      }
      case 'a' -> {
        var item = pop();
        list().add(item);
      }
      case 'e' -> {
        var items = popToMark();
        list().addAll(items);
      }
      case 's' -> {
        var items = popLast(2);
        put(map(), items);
      }
      case 'u' -> {
        var items = popToMark();
        put(map(), items);
      }
      case 0x90 -> {
        var items = popToMark();
        var set = set();
        for (var item : items) {
          set.add(hashable(item));
        }
      }
      case '0' -> pop();
      case '1' -> popToMark();
      case '2' -> pushAgain(top(Object.class));
      case 0x94 -> memoize((long) memo.size());
      case 'q' -> memoize(little(1));
      case 'r' -> memoize(little(4));
      case 'p' -> memoize(key(line()));
      case 'h' -> pushAgain(memo(little(1)));
      case 'j' -> pushAgain(memo(little(4)));
      case 'g' -> pushAgain(memo(key(line())));
      default ->
          throw new InvalidDataException(
              "the pickle has the opcode 0x%02x at byte %d of the value: only plain data is read,"
                      .formatted(opcode, in.position() - 1)
                  + " nothing that names a class or runs code");
    }
  }

  private static void put(Map<Object, Object> map, List<Object> items) throws InvalidDataException {
    if (items.size() % 2 != 0) {
      throw new InvalidDataException("the pickle has a key without a value");
    }
    for (int i = 0; i < items.size(); i += 2) {
      map.put(hashable(items.get(i)), items.get(i + 1));
    }
  }

  // The collections on the stack are all made here, of objects.

  @SuppressWarnings("unchecked")
  private List<Object> list() throws InvalidDataException {
    return (List<Object>) top(ArrayList.class);
  }

  @SuppressWarnings("unchecked")
  private Map<Object, Object> map() throws InvalidDataException {
    return (Map<Object, Object>) top(LinkedHashMap.class);
  }

  @SuppressWarnings("unchecked")
  private Set<Object> set() throws InvalidDataException {
    return (Set<Object>) top(LinkedHashSet.class);
  }

  /** Pushes a value that was made for it; its own bytes are those of the input. */
  private void push(Object value) throws InvalidDataException {
    take(value == null || value instanceof Boolean ? REFERENCE_BYTES : OBJECT_BYTES);
    stack.add(value);
  }

  private void pushAgain(Object value) throws InvalidDataException {
    take(REFERENCE_BYTES);
    stack.add(value);
  }

  private void memoize(long key) throws InvalidDataException {
    take(OBJECT_BYTES);
    memo.put(key, top(Object.class));
  }

  private void take(int bytes) throws InvalidDataException {
    room -= bytes;
    if (room < 0) {
      throw new InvalidDataException(
          "the pickle makes values that take more than a quarter of the heap",
          "If you trust it, give Java more memory (-Xmx)");
    }
  }

  private Object pop() throws InvalidDataException {
    if (stack.isEmpty() || stack.get(stack.size() - 1) == MARK) {
      throw new InvalidDataException("the pickle takes more from its stack than it has");
    }
    return stack.remove(stack.size() - 1);
  }

  private <T> T top(Class<T> type) throws InvalidDataException {
    var value = stack.isEmpty() ? MARK : stack.get(stack.size() - 1);
    if (value == MARK || (type != Object.class && !type.isInstance(value))) {
      throw new InvalidDataException("the pickle's stack does not have what an opcode needs");
    }
    return type.cast(value);
  }

  private List<Object> popLast(int count) throws InvalidDataException {
    var items = new ArrayList<Object>();
    for (int i = 0; i < count; i++) {
      items.add(pop());
    }
    Collections.reverse(items);
    return items;
  }

  private List<Object> popToMark() throws InvalidDataException {
    int mark = stack.lastIndexOf(MARK);
    if (mark < 0) {
      throw new InvalidDataException("the pickle's stack has no mark");
    }
    var tail = stack.subList(mark, stack.size());
    var items = new ArrayList<Object>(tail.subList(1, tail.size()));
    tail.clear();
    return items;
  }

  private Object memo(long key) throws InvalidDataException {
    if (!memo.containsKey(key)) {
      throw new InvalidDataException("the pickle refers to something it did not define");
    }
    return memo.get(key);
  }

  private static long key(String line) throws InvalidDataException {
    try {
      return integer(line).longValueExact();
    } catch (ArithmeticException e) {
      throw new InvalidDataException("the pickle refers to the impossible key " + line);
    }
  }

  private static BigInteger integer(String line) throws InvalidDataException {
    // Python, too, limits how long a decimal number may be: reading takes time with its square.
    if (line.length() > 4300 || !line.matches("-?[0-9]+")) {
      throw new InvalidDataException("the pickle has a malformed integer");
    }
    return new BigInteger(line);
  }

  private BigInteger longInteger(int length) throws InvalidDataException {
    if (length > MAX_INTEGER_BYTES) {
      throw new InvalidDataException("the pickle has an integer of " + length + " bytes");
    }
    var bytes = bytes(length);
    if (bytes.length == 0) {
      return BigInteger.ZERO;
    }
    for (int i = 0, j = bytes.length - 1; i < j; i++, j--) {
      byte swap = bytes[i];
      bytes[i] = bytes[j];
      bytes[j] = swap;
    }
    return new BigInteger(bytes);
  }

  private String line() throws InvalidDataException {
    int start = in.position();
    while (u8() != '\n') {}
    var line = new byte[in.position() - 1 - start];
    in.get(start, line);
    return new String(line, StandardCharsets.ISO_8859_1);
  }

  /** Undoes Python's raw-unicode-escape, in which protocol 0 has its text. */
  private static String unescaped(String line) throws InvalidDataException {
    if (line.indexOf('\\') < 0) {
      return line;
    }
    var text = new StringBuilder(line.length());
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      char kind = c == '\\' && i + 1 < line.length() ? line.charAt(i + 1) : 0;
      if (kind == 'u' || kind == 'U') {
        int end = i + (kind == 'u' ? 6 : 10);
        try {
          text.appendCodePoint(HexFormat.fromHexDigits(line, i + 2, end));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
          throw new InvalidDataException("the pickle has a malformed escape in a text");
        }
        i = end - 1;
      } else {
        text.append(c);
        if (kind != 0) {
          text.append(kind);
          i++;
        }
      }
    }
    return text.toString();
  }

  private int u8() throws InvalidDataException {
    return (int) little(1);
  }

  private long little(int width) throws InvalidDataException {
    require(width);
    long value = 0;
    for (int i = 0; i < width; i++) {
      value |= (in.get() & 0xffL) << (8 * i);
    }
    return value;
  }

  /** A length, which cannot exceed what is left. */
  private int length(int width) throws InvalidDataException {
    long length = little(width);
    require(length);
    return (int) length;
  }

  private byte[] bytes(int length) throws InvalidDataException {
    require(length);
    var bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  private void require(long bytes) throws InvalidDataException {
    if (bytes < 0 || bytes > in.remaining()) {
      throw new InvalidDataException(
          "the pickle needs "
              + Long.toUnsignedString(bytes)
              + " more bytes and has "
              + in.remaining());
    }
  }

  /**
   * Refuses values that contain themselves, are nested too deep, or expand enormously by sharing:
   * printing or hashing them would not end.
   */
  private void check(Object value) throws InvalidDataException {
    long[] budget = {1000 + (long) MAX_EXPANSION * in.limit()};
    check(value, 0, Collections.newSetFromMap(new IdentityHashMap<>()), budget);
  }

  private static void check(Object value, int depth, Set<Object> path, long[] budget)
      throws InvalidDataException {
    if (--budget[0] < 0) {
      throw new InvalidDataException("the pickle expands to far more than its bytes");
    }
    Collection<?> children;
    if (value instanceof Map<?, ?> map) {
      children = map.values();
    } else if (value instanceof Collection<?> collection) {
      children = collection;
    } else {
      return;
    }
    if (depth > MAX_DEPTH || !path.add(value)) {
      throw new InvalidDataException("the pickle contains itself or is nested too deep");
    }
    for (var child : children) {
      check(child, depth + 1, path, budget);
    }
    path.remove(value);
  }
}
