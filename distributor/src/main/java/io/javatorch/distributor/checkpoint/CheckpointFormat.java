package io.javatorch.distributor.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javatorch.distributor.checkpoint.Checkpoint.OptimizerSnapshot;
import io.javatorch.streaming.LoaderState;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The file: a safetensors file, so that Python reads the tensors with the library of that name.
 * That is the header's length (8 bytes, little-endian), a JSON header, and the tensors' bytes one
 * after the other without gaps.
 *
 * <p>Tensors are named {@code model/<parameter>} and {@code optimizer/<kind>/<parameter>}. The rest
 * is in the header's {@code __metadata__}, whose values are strings: {@code javatorch.format} (1),
 * {@code .step}, {@code .epoch}, {@code .world_size}, {@code .optimizer}, {@code
 * .optimizer_updates}, {@code .seed}, {@code .loader_state} (JSON with the Python library's keys),
 * {@code user.<key>}, and {@code javatorch.sha256}: the hash, in hex, of the whole file with 64
 * zeros in the place of the hash.
 *
 * <p>Everything that is read is taken for untrusted: nothing is allocated before the sizes are seen
 * to fit the file.
 */
final class CheckpointFormat {
  private static final String PREFIX = "javatorch.";
  private static final String USER = "user.";
  private static final String MODEL = "model/";
  private static final String OPTIMIZER = "optimizer/";
  private static final String HASH_KEY = PREFIX + "sha256";
  private static final String NO_HASH = "0".repeat(64);
  private static final String VERSION = "1";

  /** The limit of the safetensors library. */
  private static final int MAX_HEADER_BYTES = 100_000_000;

  private static final int LENGTH_BYTES = 8;

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /** A tensor's place in the file. */
  record Entry(SavedTensor.Type type, List<Long> shape, long begin, int bytes) {}

  private final Map<String, String> metadata;
  private final Map<String, Entry> layout;

  /** The data, if this was made from a checkpoint. */
  private final Map<String, SavedTensor> tensors;

  private CheckpointFormat(
      Map<String, String> metadata, Map<String, Entry> layout, Map<String, SavedTensor> tensors) {
    this.metadata = metadata;
    this.layout = layout;
    this.tensors = tensors;
  }

  static CheckpointFormat of(Checkpoint checkpoint) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "pt");
    metadata.put(PREFIX + "format", VERSION);
    metadata.put(HASH_KEY, NO_HASH);
    metadata.put(PREFIX + "step", Long.toString(checkpoint.step()));
    metadata.put(PREFIX + "epoch", Integer.toString(checkpoint.epoch()));
    metadata.put(PREFIX + "world_size", Integer.toString(checkpoint.worldSize()));
    checkpoint.seed().ifPresent(seed -> metadata.put(PREFIX + "seed", Long.toString(seed)));
    checkpoint
        .loaderState()
        .ifPresent(state -> metadata.put(PREFIX + "loader_state", state.toJson()));
    Map<String, SavedTensor> tensors = new LinkedHashMap<>();
    checkpoint.parameters().forEach((name, tensor) -> tensors.put(MODEL + name, tensor));
    checkpoint
        .optimizer()
        .ifPresent(
            optimizer -> {
              metadata.put(PREFIX + "optimizer", optimizer.name());
              metadata.put(PREFIX + "optimizer_updates", Integer.toString(optimizer.updates()));
              optimizer.tensors().forEach((name, tensor) -> tensors.put(OPTIMIZER + name, tensor));
            });
    checkpoint.metadata().forEach((key, value) -> metadata.put(USER + key, value));
    // Wide types first, so that every tensor is aligned.
    List<String> names = new ArrayList<>(tensors.keySet());
    names.sort(Comparator.comparing(name -> -tensors.get(name).type().bytes()));
    Map<String, Entry> layout = new LinkedHashMap<>();
    Map<String, SavedTensor> ordered = new LinkedHashMap<>();
    long at = 0;
    for (String name : names) {
      SavedTensor tensor = tensors.get(name);
      int bytes = tensor.data().remaining();
      layout.put(name, new Entry(tensor.type(), tensor.shape(), at, bytes));
      ordered.put(name, tensor);
      at += bytes;
    }
    return new CheckpointFormat(metadata, layout, ordered);
  }

  /** In the order of the file. */
  Collection<SavedTensor> tensors() {
    return tensors.values();
  }

  /** In the order of the file. */
  Map<String, Entry> layout() {
    return Collections.unmodifiableMap(layout);
  }

  /** The header with the hash that {@link #metadata} has, padded so that the data is aligned. */
  byte[] headerBytes() {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode strings = root.putObject("__metadata__");
    metadata.forEach(strings::put);
    layout.forEach(
        (name, entry) -> {
          ObjectNode node = root.putObject(name);
          node.put("dtype", entry.type().name());
          ArrayNode shape = node.putArray("shape");
          entry.shape().forEach(shape::add);
          node.putArray("data_offsets").add(entry.begin()).add(entry.begin() + entry.bytes());
        });
    try {
      byte[] json = JSON.writeValueAsBytes(root);
      int padded = (json.length + 7) / 8 * 8;
      byte[] header = Arrays.copyOf(json, padded);
      Arrays.fill(header, json.length, padded, (byte) ' ');
      return header;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers have a JSON form", e);
    }
  }

  /** Writes the whole file. */
  void write(WritableByteChannel out) throws IOException {
    MessageDigest digest = sha256();
    metadata.put(HASH_KEY, NO_HASH);
    byte[] unsigned = headerBytes();
    digest.update(length(unsigned));
    digest.update(unsigned);
    for (SavedTensor tensor : tensors.values()) {
      digest.update(tensor.data());
    }
    metadata.put(HASH_KEY, HexFormat.of().formatHex(digest.digest()));
    byte[] header = headerBytes();
    writeFully(out, ByteBuffer.wrap(length(header)));
    writeFully(out, ByteBuffer.wrap(header));
    for (SavedTensor tensor : tensors.values()) {
      writeFully(out, tensor.data());
    }
  }

  /**
   * Reads a whole file and checks its hash.
   *
   * @param size of the file in bytes
   */
  static Checkpoint read(ReadableByteChannel in, long size) throws IOException {
    byte[] start = new byte[LENGTH_BYTES];
    readFully(in, ByteBuffer.wrap(start));
    long headerLength = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (headerLength <= 0
        || headerLength > MAX_HEADER_BYTES
        || headerLength > size - LENGTH_BYTES) {
      throw new CheckpointException(
          "the header says it has " + headerLength + " bytes, the file has " + size);
    }
    byte[] header = new byte[(int) headerLength];
    readFully(in, ByteBuffer.wrap(header));
    CheckpointFormat format;
    try {
      format = parse(header, size - LENGTH_BYTES - headerLength);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new CheckpointException("the header is damaged: " + e.getMessage(), e);
    }
    String expected = format.metadata.get(HASH_KEY);
    MessageDigest digest = sha256();
    digest.update(start);
    digest.update(withoutHash(header, expected));
    Map<String, ByteBuffer> data = new LinkedHashMap<>();
    for (Map.Entry<String, Entry> tensor : format.layout.entrySet()) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(tensor.getValue().bytes());
      readFully(in, bytes);
      digest.update(bytes);
      data.put(tensor.getKey(), bytes.rewind());
    }
    String actual = HexFormat.of().formatHex(digest.digest());
    if (!actual.equals(expected)) {
      throw new CheckpointException("the contents do not match their hash");
    }
    try {
      return format.assemble(data);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException("the header makes no sense: " + e.getMessage(), e);
    }
  }

  /**
   * Checks and takes apart a header.
   *
   * @param dataBytes how much data follows; Long.MAX_VALUE if not known
   * @throws IllegalArgumentException if anything in it is wrong
   */
  static CheckpointFormat parse(byte[] header, long dataBytes) {
    JsonNode root;
    try {
      root = JSON.readTree(header);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is not JSON: " + e.getMessage(), e);
    }
    if (root == null || !root.isObject()) {
      throw new IllegalArgumentException("it is no JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    JsonNode strings = root.path("__metadata__");
    strings.properties().forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
    if (!VERSION.equals(metadata.get(PREFIX + "format"))) {
      throw new IllegalArgumentException(
          "it is no checkpoint of format " + VERSION + " but " + metadata.get(PREFIX + "format"));
    }
    String hash = metadata.get(HASH_KEY);
    if (hash == null || !hash.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("it has no hash");
    }
    List<Map.Entry<String, Entry>> entries = new ArrayList<>();
    root.properties()
        .forEach(
            field -> {
              if (!field.getKey().equals("__metadata__")) {
                entries.add(Map.entry(field.getKey(), entry(field.getKey(), field.getValue())));
              }
            });
    entries.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
            .thenComparingInt(e -> e.getValue().bytes()));
    Map<String, Entry> layout = new LinkedHashMap<>();
    long at = 0;
    for (Map.Entry<String, Entry> entry : entries) {
      if (entry.getValue().begin() != at) {
        throw new IllegalArgumentException(
            "tensor " + entry.getKey() + " does not begin where the one before ends");
      }
      at += entry.getValue().bytes();
      layout.put(entry.getKey(), entry.getValue());
    }
    if (dataBytes != Long.MAX_VALUE && at != dataBytes) {
      throw new IllegalArgumentException(
          "it describes " + at + " bytes of tensors, the file has " + dataBytes);
    }
    return new CheckpointFormat(metadata, layout, Map.of());
  }

  private static Entry entry(String name, JsonNode node) {
    SavedTensor.Type type = null;
    for (SavedTensor.Type candidate : SavedTensor.Type.values()) {
      if (candidate.name().equals(node.path("dtype").asText())) {
        type = candidate;
      }
    }
    if (type == null) {
      throw new IllegalArgumentException(
          "tensor " + name + " is of unknown type " + node.path("dtype"));
    }
    List<Long> shape = new ArrayList<>();
    for (JsonNode dimension : node.path("shape")) {
      shape.add(number(name, dimension));
    }
    JsonNode offsets = node.path("data_offsets");
    long begin = number(name, offsets.path(0));
    long end = number(name, offsets.path(1));
    long bytes = SavedTensor.byteSize(type, shape);
    if (end - begin != bytes || bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "tensor " + name + " " + type + shape + " cannot lie from " + begin + " to " + end);
    }
    return new Entry(type, List.copyOf(shape), begin, (int) bytes);
  }

  private static long number(String name, JsonNode node) {
    if (!node.canConvertToLong() || !node.isIntegralNumber() || node.longValue() < 0) {
      throw new IllegalArgumentException("tensor " + name + " has " + node + " for a number");
    }
    return node.longValue();
  }

  /** The checkpoint of this header, with its data by name. */
  Checkpoint assemble(Map<String, ByteBuffer> data) {
    Map<String, SavedTensor> parameters = new LinkedHashMap<>();
    Map<String, SavedTensor> state = new LinkedHashMap<>();
    layout.forEach(
        (name, entry) -> {
          var tensor = new SavedTensor(entry.type(), entry.shape(), data.get(name));
          if (name.startsWith(MODEL)) {
            parameters.put(name.substring(MODEL.length()), tensor);
          } else if (name.startsWith(OPTIMIZER)) {
            state.put(name.substring(OPTIMIZER.length()), tensor);
          } else {
            throw new IllegalArgumentException("tensor " + name + " belongs to nothing known");
          }
        });
    Checkpoint.Builder checkpoint =
        Checkpoint.builder()
            .step(Long.parseLong(required("step")))
            .epoch(Integer.parseInt(required("epoch")))
            .worldSize(Integer.parseInt(required("world_size")))
            .parameters(parameters);
    String optimizer = metadata.get(PREFIX + "optimizer");
    if (optimizer != null) {
      checkpoint.optimizer(
          new OptimizerSnapshot(optimizer, Integer.parseInt(required("optimizer_updates")), state));
    }
    if (metadata.containsKey(PREFIX + "seed")) {
      checkpoint.seed(Long.parseLong(required("seed")));
    }
    if (metadata.containsKey(PREFIX + "loader_state")) {
      checkpoint.loaderState(LoaderState.fromJson(required("loader_state")));
    }
    metadata.forEach(
        (key, value) -> {
          if (key.startsWith(USER)) {
            checkpoint.metadata(key.substring(USER.length()), value);
          }
        });
    return checkpoint.build();
  }

  private String required(String key) {
    String value = metadata.get(PREFIX + key);
    if (value == null) {
      throw new IllegalArgumentException(PREFIX + key + " is missing");
    }
    return value;
  }

  /** The header as it was hashed. */
  private static byte[] withoutHash(byte[] header, String hash) throws CheckpointException {
    byte[] quoted = ("\"" + HASH_KEY + "\":\"" + hash + "\"").getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at <= header.length - quoted.length; at++) {
      if (Arrays.equals(header, at, at + quoted.length, quoted, 0, quoted.length)) {
        byte[] plain = header.clone();
        int from = at + quoted.length - 1 - NO_HASH.length();
        Arrays.fill(plain, from, from + NO_HASH.length(), (byte) '0');
        return plain;
      }
    }
    throw new CheckpointException("the header's hash is not written as this format writes it");
  }

  private static byte[] length(byte[] header) {
    return ByteBuffer.allocate(LENGTH_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .array();
  }

  private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static void readFully(ReadableByteChannel in, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (in.read(bytes) < 0) {
        throw new CheckpointException("the file ends early", new EOFException());
      }
    }
    bytes.rewind();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
