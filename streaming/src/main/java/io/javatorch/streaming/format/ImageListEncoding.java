package io.javatorch.streaming.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Lists of images: {@code [0,] n, size of each, each}, all numbers u32.
 *
 * @param element how each image is stored
 * @param reserved whether a zero stands in front, for the peer's future use
 * @param mayBeEmpty whether a list of none is a value
 */
record ImageListEncoding(ImageEncoding element, boolean reserved, boolean mayBeEmpty)
    implements Encoding {
  @Override
  public int size() {
    return -1;
  }

  @Override
  public byte[] encode(Object value) {
    if (value instanceof byte[] bytes) {
      return Encoding.checked(this, bytes);
    }
    if (!(value instanceof List<?> list)) {
      throw Encoding.wrongType("a List of images", value);
    }
    if (list.isEmpty() && !mayBeEmpty) {
      throw new IllegalArgumentException("the list has no images, and the format needs one");
    }
    var images = new ArrayList<byte[]>(list.size());
    long size = (reserved ? 8L : 4L) + 4L * list.size();
    for (int i = 0; i < list.size(); i++) {
      try {
        images.add(element.encode(list.get(i)));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("image " + i + ": " + e.getMessage(), e);
      }
      size += images.get(i).length;
    }
    var out = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
    if (reserved) {
      out.putInt(0);
    }
    out.putInt(images.size());
    images.forEach(image -> out.putInt(image.length));
    images.forEach(out::put);
    return out.array();
  }

  @Override
  public List<Object> decode(ByteBuffer bytes) throws InvalidDataException {
    var in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int head = reserved ? 8 : 4;
    if (in.remaining() < head) {
      throw new InvalidDataException("the list ends within its head");
    }
    if (reserved) {
      // The peer ignores this field when it reads, too.
      in.getInt();
    }
    int count = in.getInt();
    if (count < 0 || count > in.remaining() / 4) {
      throw new InvalidDataException(
          "the list is said to have "
              + Integer.toUnsignedLong(count)
              + " images, more than its bytes can hold");
    }
    if (count == 0 && !mayBeEmpty) {
      throw new InvalidDataException("the list is said to have no images");
    }
    int sizes = in.position();
    int at = sizes + 4 * count;
    var images = new ArrayList<Object>(count);
    for (int i = 0; i < count; i++) {
      int size = in.getInt(sizes + 4 * i);
      if (size < 0 || size > in.limit() - at) {
        throw new InvalidDataException(
            "image "
                + i
                + " of the list is said to have "
                + Integer.toUnsignedLong(size)
                + " bytes, more than are left");
      }
      images.add(element.decode(Encoding.slice(in, at, size)));
      at += size;
    }
    if (at != in.limit()) {
      throw new InvalidDataException(
          "the list has " + (in.limit() - at) + " bytes beyond its images");
    }
    return images;
  }
}
