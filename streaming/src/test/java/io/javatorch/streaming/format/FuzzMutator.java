package io.javatorch.streaming.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.FuzzSeeds.Seed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Damages a data set with a knowledge of its parts. What it does follows from the random state. */
final class FuzzMutator {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int MOST_BYTES = 1 << 23;

  private static final String[] TOKENS = {
    "null",
    "-1",
    "99999999999",
    "1e30",
    "NaN",
    "Infinity",
    "{",
    "[",
    "[[[[[",
    "{\"a\":",
    "\"",
    "\\",
    "\\ud800",
    ",",
    ":",
    "\"zstd\"",
    "\"pkl\"",
    "\"../x\"",
    "\0",
    "\n",
    "\t",
    ".",
    "E",
    "e9",
    "\u00ff\u00fe",
    "IHDR",
    "IDAT",
    "PLTE",
    "\u00ff\u00d8",
    "\u00ff\u00da",
    "\u00ff\u00c0",
    "]}",
    "\u0080\u0005",
    "h\0",
    "\u0094",
    "u",
    "e",
    "(",
    ".",
    "c",
    "R",
  };

  private final Random random;

  /** What was damaged, for the report. */
  private final List<String> log = new ArrayList<>();

  FuzzMutator(Random random) {
    this.random = random;
  }

  List<String> log() {
    return log;
  }

  /** Damages the content of any file. */
  byte[] bytes(byte[] original) {
    var bytes = original.clone();
    int rounds = 1 + random.nextInt(3);
    for (int i = 0; i < rounds; i++) {
      bytes = once(bytes);
    }
    return bytes;
  }

  private byte[] once(byte[] bytes) {
    if (bytes.length == 0) {
      return token();
    }
    // Heads and tables stand in front.
    int at = random.nextInt(random.nextBoolean() ? bytes.length : Math.min(bytes.length, 128));
    switch (random.nextInt(10)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(256);
      case 2 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 3 -> {
        return Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(64));
      }
      case 4, 5 -> number(bytes, at);
      case 6 -> {
        int from = random.nextInt(bytes.length);
        int length = Math.min(random.nextInt(32), bytes.length - Math.max(at, from));
        System.arraycopy(bytes, from, bytes, at, length);
      }
      case 7 -> {
        return replaced(bytes, at, random.nextInt(bytes.length - at + 1), token());
      }
      case 8 -> {
        // A part of it again and again: depth, length, and what decompresses to far more.
        int length = 1 + random.nextInt(Math.min(16, bytes.length - at));
        int most = random.nextInt(20) == 0 ? MOST_BYTES : 1 << 14;
        int times = random.nextInt(most / length) + 1;
        var part = Arrays.copyOfRange(bytes, at, at + length);
        var repeated = new byte[length * times];
        for (int i = 0; i < times; i++) {
          System.arraycopy(part, 0, repeated, i * length, length);
        }
        return replaced(bytes, at, length, repeated);
      }
      default -> {
        var token = token();
        System.arraycopy(token, 0, bytes, at, Math.min(token.length, bytes.length - at));
      }
    }
    return bytes;
  }

  private byte[] token() {
    return TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] replaced(byte[] bytes, int at, int length, byte[] by) {
    var out = new ByteArrayOutputStream();
    out.write(bytes, 0, at);
    out.writeBytes(by);
    out.write(bytes, at + length, bytes.length - at - length);
    return out.toByteArray();
  }

  private void number(byte[] bytes, int at) {
    long value =
        switch (random.nextInt(9)) {
          case 0 -> -1;
          case 1 -> Integer.MAX_VALUE;
          case 2 -> Integer.MIN_VALUE;
          case 3 -> bytes.length;
          case 4 -> 0;
          case 5 -> 1L << random.nextInt(63);
          case 6 -> bytes.length - at;
          case 7 -> Long.MAX_VALUE;
          default -> random.nextInt(64);
        };
    var order = random.nextBoolean() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    var buffer = ByteBuffer.wrap(bytes).order(order);
    int aligned = random.nextBoolean() ? at / 4 * 4 : at;
    switch (random.nextInt(4)) {
      case 0 -> {
        if (bytes.length >= 2) {
          buffer.putShort(Math.min(aligned, bytes.length - 2), (short) value);
        }
      }
      case 1 -> {
        if (bytes.length >= 8) {
          buffer.putLong(Math.min(aligned, bytes.length - 8), value);
        }
      }
      default -> {
        if (bytes.length >= 4) {
          buffer.putInt(Math.min(aligned, bytes.length - 4), (int) value);
        }
      }
    }
  }

  /** A shard of the seed, taken apart. */
  private static final class Shard {
    final int number;
    final ObjectNode json;
    final byte[] raw;

    Shard(int number, ObjectNode json, byte[] raw) {
      this.number = number;
      this.json = json;
      this.raw = raw;
    }
  }

  private Shard shard(Seed seed, ObjectNode index) throws IOException {
    int number = random.nextInt(index.get("shards").size());
    var json = (ObjectNode) index.get("shards").get(number);
    boolean zipped = !json.get("compression").isNull();
    var stored = json.get(zipped ? "zip_data" : "raw_data").get("basename").textValue();
    var raw = seed.files().get(stored);
    if (zipped) {
      long size = json.get("raw_data").get("bytes").longValue();
      var compression = Compression.parse(json.get("compression").textValue());
      try (var in = compression.decompressing(new java.io.ByteArrayInputStream(raw), size)) {
        raw = in.readAllBytes();
      }
    }
    return new Shard(number, json, raw);
  }

  private static ObjectNode index(Seed seed) throws IOException {
    return (ObjectNode) MAPPER.readTree(seed.files().get("index.json"));
  }

  /** Puts a shard with other raw bytes, and an index that says so, in place of the seed's. */
  private static Map<String, byte[]> with(Seed seed, ObjectNode index, Shard shard, byte[] raw)
      throws IOException {
    var files = new TreeMap<>(seed.files());
    put(files, (ObjectNode) shard.json.get("raw_data"), raw);
    if (!shard.json.get("compression").isNull()) {
      files.remove(shard.json.get("raw_data").get("basename").textValue());
      var zip = Compression.parse(shard.json.get("compression").textValue()).compress(raw);
      put(files, (ObjectNode) shard.json.get("zip_data"), zip);
    }
    files.put("index.json", MAPPER.writeValueAsBytes(index));
    return files;
  }

  private static void put(Map<String, byte[]> files, ObjectNode info, byte[] content) {
    files.put(info.get("basename").textValue(), content);
    info.put("bytes", content.length);
    var hashes = (ObjectNode) info.get("hashes");
    for (var name : hashes.properties().stream().map(Map.Entry::getKey).toList()) {
      var hasher = new HashAlgorithm(name).start();
      hasher.update(content, 0, content.length);
      hashes.put(name, hasher.hexDigest());
    }
  }

  /** Any byte of a shard's readable form, all sizes and hashes being right. */
  Map<String, byte[]> raw(Seed seed) throws IOException {
    var index = index(seed);
    var shard = shard(seed, index);
    log.add("the raw form of shard " + shard.number);
    return with(seed, index, shard, bytes(shard.raw));
  }

  /** One column of one sample of an MDS shard, all around it being right. */
  record Value(Map<String, byte[]> files, int sample, int column, String encoding) {}

  Value value(Seed seed) throws IOException {
    var index = index(seed);
    var shard = shard(seed, index);
    var raw = ByteBuffer.wrap(shard.raw).order(ByteOrder.LITTLE_ENDIAN);
    int samples = raw.getInt(0);
    int first = 0;
    for (int i = 0; i < shard.number; i++) {
      first += index.get("shards").get(i).get("samples").intValue();
    }
    int victim = random.nextInt(samples);
    var encodings = shard.json.get("column_encodings");
    int column = random.nextInt(encodings.size());
    var encoding = encodings.get(column).textValue();
    log.add("column " + column + " (" + encoding + ") of sample " + (first + victim));
    var data = new ByteArrayOutputStream();
    int begin = raw.getInt(4);
    var table = ByteBuffer.allocate(begin).order(ByteOrder.LITTLE_ENDIAN);
    table.put(shard.raw, 0, begin);
    for (int i = 0; i < samples; i++) {
      var values = new ArrayList<>(seed.samples().get(first + i));
      if (i == victim) {
        var mutated = bytes(values.get(column));
        int size = Encoding.parse(encoding).size();
        values.set(column, size < 0 ? mutated : Arrays.copyOf(mutated, size));
      }
      for (int c = 0; c < values.size(); c++) {
        if (Encoding.parse(encodings.get(c).textValue()).size() < 0) {
          var size = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
          data.writeBytes(size.putInt(values.get(c).length).array());
        }
      }
      values.forEach(data::writeBytes);
      table.putInt(8 + 4 * i, begin + data.size());
    }
    var content = new ByteArrayOutputStream();
    content.writeBytes(table.array());
    content.writeBytes(data.toByteArray());
    return new Value(
        with(seed, index, shard, content.toByteArray()), first + victim, column, encoding);
  }

  /** A file as it is stored, the index saying what it said. */
  Map<String, byte[]> stored(Seed seed) {
    var files = new TreeMap<>(seed.files());
    var names = files.keySet().stream().filter(name -> !name.equals("index.json")).toList();
    var name = names.get(random.nextInt(names.size()));
    log.add(name);
    var mutated = bytes(files.get(name));
    if (random.nextBoolean()) {
      // What only a hash can find.
      mutated = Arrays.copyOf(mutated, files.get(name).length);
    }
    files.put(name, mutated);
    return files;
  }

  /** The index, as text or as a tree. */
  Map<String, byte[]> index(Seed seed, String outside) throws IOException {
    var files = new TreeMap<>(seed.files());
    if (random.nextInt(3) == 0) {
      log.add("the text of the index");
      files.put("index.json", bytes(files.get("index.json")));
      return files;
    }
    var index = index(seed);
    int rounds = 1 + random.nextInt(3);
    for (int i = 0; i < rounds; i++) {
      JsonNode parent = index;
      while (true) {
        var child = child(parent);
        if (child == null || !child.isContainerNode() || random.nextInt(6) == 0) {
          break;
        }
        parent = child;
      }
      replaceOne(parent, outside);
    }
    files.put("index.json", MAPPER.writeValueAsBytes(index));
    return files;
  }

  private JsonNode child(JsonNode parent) {
    int size = parent.size();
    if (size == 0) {
      return null;
    }
    var children = new ArrayList<JsonNode>();
    parent.forEach(children::add);
    return children.get(random.nextInt(size));
  }

  private void replaceOne(JsonNode parent, String outside) {
    if (parent instanceof ObjectNode object && !object.isEmpty()) {
      var keys = object.properties().stream().map(Map.Entry::getKey).toList();
      var key = keys.get(random.nextInt(keys.size()));
      if (random.nextInt(6) == 0) {
        object.remove(key);
        log.add("the index without a " + key);
        return;
      }
      boolean file = key.equals("basename") && random.nextInt(3) > 0;
      var value =
          file
              ? MAPPER.getNodeFactory().textNode(path(object.get(key).textValue(), outside))
              : hostile();
      var text = value.toString();
      log.add("the index with " + key + " = " + text.substring(0, Math.min(80, text.length())));
      object.set(key, value);
    } else if (parent instanceof ArrayNode array && !array.isEmpty()) {
      int at = random.nextInt(array.size());
      switch (random.nextInt(4)) {
        case 0 -> array.remove(at);
        case 1 -> array.add(array.get(at));
        default -> array.set(at, hostile());
      }
      log.add("the index with another list");
    }
  }

  /** A file outside the data set, of the same name and size as one in it. */
  private String path(String basename, String outside) {
    return switch (random.nextInt(7)) {
      case 0 -> "../outside/" + basename;
      case 1 -> outside + "/" + basename;
      case 2 -> "./../outside/" + basename;
      case 3 -> "a/../../outside/" + basename;
      case 4 -> "..\\outside\\" + basename;
      case 5 -> "link/" + basename;
      default -> "//" + outside + "//" + basename;
    };
  }

  private JsonNode hostile() {
    var nodes = MAPPER.getNodeFactory();
    return switch (random.nextInt(16)) {
      case 0 -> nodes.nullNode();
      case 1 -> nodes.numberNode(-1);
      case 2 -> nodes.numberNode(0);
      case 3 -> nodes.numberNode(1L << random.nextInt(63));
      case 4 -> nodes.numberNode(Long.MAX_VALUE);
      case 5 -> nodes.numberNode(java.math.BigInteger.ONE.shiftLeft(70));
      case 6 -> nodes.numberNode(1e30);
      case 7 -> nodes.numberNode(2.5);
      case 8 -> nodes.textNode("");
      case 9 -> nodes.textNode(new String(token(), StandardCharsets.ISO_8859_1));
      case 10 -> nodes.textNode("x".repeat(random.nextInt(5_000)));
      case 11 ->
          nodes.textNode(
              List.copyOf(FuzzSeeds.columns().values())
                  .get(random.nextInt(FuzzSeeds.columns().size())));
      case 12 -> nodes.textNode(FuzzSeeds.COMPRESSIONS.get(random.nextInt(6)));
      case 13 -> nodes.arrayNode().add(1).add("x").addNull();
      case 14 -> nodes.objectNode().put("a", 1);
      default ->
          nodes.textNode(
              List.of("mds", "json", "csv", "tsv", "xsv", "zstd:99", "ndarray:int8:999999,2000")
                  .get(random.nextInt(7)));
    };
  }
}
