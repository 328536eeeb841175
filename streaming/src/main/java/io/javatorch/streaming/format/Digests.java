package io.javatorch.streaming.format;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeMap;

/**
 * A file's digests by the names of their hashes, as an index of very many files can hold them: the
 * names are shared by the files, and the digests are bytes. Immutable.
 */
final class Digests extends AbstractMap<String, String> {
  private static final HexFormat HEX = HexFormat.of();

  private final List<String> names;

  /** The digests in the order of the names, each with its length in front. */
  private final byte[] digests;

  private Digests(List<String> names, byte[] digests) {
    this.names = names;
    this.digests = digests;
  }

  /**
   * Returns an immutable map with the same content.
   *
   * @param known names to share if they are the same
   */
  static Map<String, String> copyOf(Map<String, String> hashes, List<String> known) {
    if (hashes instanceof Digests || hashes.isEmpty()) {
      return hashes.isEmpty() ? Map.of() : hashes;
    }
    var sorted = new TreeMap<>(hashes);
    int size = 0;
    for (var digest : sorted.values()) {
      if (!isDigest(digest)) {
        return Map.copyOf(hashes);
      }
      size += 1 + digest.length() / 2;
    }
    var bytes = new byte[size];
    int at = 0;
    for (var digest : sorted.values()) {
      var value = HEX.parseHex(digest);
      bytes[at++] = (byte) value.length;
      System.arraycopy(value, 0, bytes, at, value.length);
      at += value.length;
    }
    var names = List.copyOf(sorted.keySet());
    return new Digests(names.equals(known) ? known : names, bytes);
  }

  /** What comes back the same from bytes. */
  private static boolean isDigest(String text) {
    if (text.length() % 2 != 0 || text.length() > 2 * Byte.MAX_VALUE) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  /** The names of the hashes, sorted. */
  List<String> names() {
    return names;
  }

  @Override
  public Set<Entry<String, String>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public int size() {
        return names.size();
      }

      @Override
      public Iterator<Entry<String, String>> iterator() {
        return new Iterator<>() {
          private int name;
          private int at;

          @Override
          public boolean hasNext() {
            return name < names.size();
          }

          @Override
          public Entry<String, String> next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            int end = at + 1 + digests[at];
            var entry = Map.entry(names.get(name), HEX.formatHex(digests, at + 1, end));
            name++;
            at = end;
            return entry;
          }
        };
      }
    };
  }
}
