package io.javatorch.streaming.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javatorch.streaming.format.MalformedShardException.Where;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The index of a data set: its shards, in order. Immutable.
 *
 * @param shards what the index says of each shard
 */
public record ShardIndex(List<ShardInfo> shards) {
  /** The name of the index file in a data set's directory. */
  public static final String BASENAME = "index.json";

  private static final String REMEDY =
      "Fetch the index again, or write it again from its shards' directories with merge";

  /** What of the heap a node of a tree takes at least. */
  private static final int NODE_BYTES = 64;

  // Two readers may take a different one of two keys alike, so neither is taken.
  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  // Names are the input's choice, and what is interned costs the whole process.
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .build();

  public ShardIndex {
    shards = List.copyOf(shards);
  }

  /** How many samples all shards have together. */
  public long samples() {
    return shards.stream().mapToLong(ShardInfo::samples).sum();
  }

  /**
   * Reads the index of the data set in a directory, or an index file itself. The file is read as a
   * stream: memory is bounded by the shards' descriptions.
   *
   * @throws NoSuchFileException if there is no index
   * @throws MalformedShardException if it is not a valid index, or of another version
   */
  public static ShardIndex read(Path path) throws IOException {
    var file = Files.isDirectory(path) ? path.resolve(BASENAME) : path;
    var shards = new ArrayList<ShardInfo>();
    scan(file, (node, shard) -> shards.add(shard));
    return new ShardIndex(shards);
  }

  /**
   * Reads what can be read of an index that may be broken: every entry that is sound, up to the
   * place from which on it is no JSON.
   *
   * @param faults hears what is wrong
   * @throws NoSuchFileException if there is no index
   */
  static List<ShardInfo> readAllThatCanBe(Path directory, Consumer<String> faults)
      throws IOException {
    var shards = new ArrayList<ShardInfo>();
    var file = directory.resolve(BASENAME);
    try {
      scan(file, (node, shard) -> shards.add(shard), e -> faults.accept(e.getMessage()));
    } catch (MalformedShardException e) {
      faults.accept(e.getMessage());
    }
    return shards;
  }

  /**
   * Writes this index into a data set's directory: whole under its name, or not at all. The bytes
   * are those the Python writer would write.
   */
  public void write(Path directory) throws IOException {
    AtomicFile.write(
        directory.resolve(BASENAME),
        stream -> {
          try (var out =
              new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.US_ASCII))) {
            out.write("{\"shards\": [");
            var separator = "";
            for (var shard : shards) {
              out.write(separator);
              separator = ", ";
              out.write(PythonJson.write(shard.toJson()));
            }
            out.write("], \"version\": " + ShardInfo.VERSION + "}");
          }
        });
  }

  /**
   * Merges the indexes found in the sub-directories of {@code root} into one in {@code root}, and
   * returns it. Sub-directories are taken in the order of their paths by code point, as Python's
   * {@code merge_index} takes them; below one that has an index nothing more is looked for, since
   * that index already covers it.
   *
   * @throws NoSuchFileException if no sub-directory has an index
   * @throws MalformedShardException if one of them is not valid
   */
  public static ShardIndex merge(Path root) throws IOException {
    var parts = new ArrayList<String>();
    findParts(root, root, parts);
    if (parts.isEmpty()) {
      throw new NoSuchFileException(
          root.toString(), null, "no sub-directory has an " + BASENAME + " to merge");
    }
    // The peer sorts whole paths, in which a slash follows the directory's name.
    parts.sort(Comparator.comparing(part -> part + "/", PythonJson::compareByCodePoint));
    return merge(root, parts);
  }

  /**
   * Merges the indexes of the given sub-directories into one in {@code root}, in the order given,
   * and returns it. The bytes equal those of Python's {@code merge_index}.
   *
   * @param parts paths relative to {@code root}, with {@code /} between their parts
   * @throws NoSuchFileException if one of them has no index
   * @throws MalformedShardException if one of them is not valid
   */
  public static ShardIndex merge(Path root, List<String> parts) throws IOException {
    var merged = new ArrayList<ShardInfo>();
    AtomicFile.write(
        root.resolve(BASENAME),
        stream -> {
          try (var out =
              new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.US_ASCII))) {
            out.write("{\"version\": " + ShardInfo.VERSION + ", \"shards\": [");
            for (var part : parts) {
              var file = root.resolve(part).resolve(BASENAME);
              var prefixed = new ShardParser(Where.in(file));
              scan(
                  file,
                  (node, shard) -> {
                    prefix(node, part);
                    try {
                      out.write(merged.isEmpty() ? "" : ", ");
                      out.write(PythonJson.write(node));
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                    merged.add(prefixed.parse(node));
                  });
            }
            out.write("]}");
          } catch (UncheckedIOException e) {
            throw e.getCause();
          }
        });
    return new ShardIndex(merged);
  }

  private static void prefix(ObjectNode shard, String part) {
    for (var key : List.of("raw_data", "zip_data", "raw_meta", "zip_meta")) {
      if (shard.get(key) instanceof ObjectNode file) {
        file.put("basename", part + "/" + file.get("basename").textValue());
      }
    }
  }

  private static void findParts(Path root, Path directory, List<String> parts) throws IOException {
    try (var entries = Files.newDirectoryStream(directory, Files::isDirectory)) {
      for (var entry : entries) {
        if (Files.isRegularFile(entry.resolve(BASENAME))) {
          parts.add(root.relativize(entry).toString().replace('\\', '/'));
        } else if (!Files.isSymbolicLink(entry)) {
          findParts(root, entry, parts);
        }
      }
    }
  }

  /** Reads an index and hands each shard on as it comes. */
  private static void scan(Path file, BiConsumer<ObjectNode, ShardInfo> sink) throws IOException {
    scan(
        file,
        sink,
        e -> {
          throw e;
        });
  }

  /**
   * Reads an index and hands each shard on as it comes.
   *
   * @param refused hears of an entry that is JSON but no shard; the next ones are read if it
   *     returns
   */
  private static void scan(
      Path file, BiConsumer<ObjectNode, ShardInfo> sink, Consumer<MalformedShardException> refused)
      throws IOException {
    var where = Where.in(file);
    ShardFiles.regularSize(file);
    // Not left to the parser, which would guess at UTF-16 and UTF-32 and pass over bad UTF-8.
    try (var in =
            new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8.newDecoder());
        var parser = new BoundedParser(MAPPER.createParser(in))) {
      var shardParser = new ShardParser(where);
      boolean hasVersion = false;
      boolean hasShards = false;
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedShardException(where, "the index is not a JSON object", REMEDY);
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        var key = parser.currentName();
        var token = parser.nextToken();
        if (key.equals("version")) {
          hasVersion = true;
          if (token != JsonToken.VALUE_NUMBER_INT || parser.getLongValue() != ShardInfo.VERSION) {
            throw new MalformedShardException(
                where,
                "the index has version " + parser.getText() + " and only 2 can be read",
                "Write the data set again with a version 2 writer");
          }
        } else if (key.equals("shards") && token == JsonToken.START_ARRAY) {
          hasShards = true;
          while (parser.nextToken() == JsonToken.START_OBJECT) {
            parser.startValue();
            ObjectNode node = MAPPER.readTree(parser);
            ShardInfo shard;
            try {
              shard = shardParser.parse(node);
            } catch (MalformedShardException e) {
              refused.accept(e);
              continue;
            }
            sink.accept(node, shard);
          }
          if (parser.currentToken() != JsonToken.END_ARRAY) {
            throw new MalformedShardException(
                where.at(bytePosition(file, parser.currentTokenLocation())),
                "an entry of 'shards' is not an object",
                REMEDY);
          }
        } else {
          parser.skipChildren();
        }
      }
      if (!hasVersion || !hasShards || parser.nextToken() != null) {
        throw new MalformedShardException(
            where, "the index is not an object with 'version' and a list 'shards'", REMEDY);
      }
    } catch (CharacterCodingException e) {
      throw new MalformedShardException(
          where.at(firstInvalidByte(file)), "the index is not UTF-8", REMEDY, e);
    } catch (JsonProcessingException | IllegalStateException e) {
      // Old versions say by an IllegalStateException that too many names have the same hash.
      boolean located = e instanceof JsonProcessingException json && json.getLocation() != null;
      throw new MalformedShardException(
          located
              ? where.at(bytePosition(file, ((JsonProcessingException) e).getLocation()))
              : where,
          "the index is not JSON that can be read: "
              + (e instanceof JsonProcessingException json
                  ? json.getOriginalMessage()
                  : e.getMessage()),
          REMEDY);
    }
  }

  /** Where in the file a place in its text lies. */
  private static long bytePosition(Path file, JsonLocation location) throws IOException {
    long bytes = 0;
    // What is not UTF-8 lies behind the place, since the parser came so far.
    try (var in =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
      for (long i = 0; i < location.getCharOffset(); i++) {
        int c = in.read();
        if (c < 0) {
          break;
        }
        // Half a surrogate pair is half of four bytes.
        bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate((char) c) ? 2 : 3;
      }
    }
    return bytes;
  }

  private static long firstInvalidByte(Path file) throws IOException {
    var decoder = StandardCharsets.UTF_8.newDecoder();
    var bytes = ByteBuffer.allocate(1 << 16);
    var text = CharBuffer.allocate(1 << 16);
    long position = 0;
    try (var in = Files.newByteChannel(file)) {
      boolean end = false;
      while (!end) {
        end = in.read(bytes) < 0;
        bytes.flip();
        var result = decoder.decode(bytes, text.clear(), end);
        position += bytes.position();
        if (result.isError()) {
          break;
        }
        bytes.compact();
      }
    }
    return position;
  }

  /** Ends a value that would take far more memory than its bytes, before it does. */
  private static final class BoundedParser extends JsonParserDelegate {
    private final long most = DecodingLimits.heapBytes() / NODE_BYTES;
    private long left;

    BoundedParser(JsonParser parser) {
      super(parser);
      left = Long.MAX_VALUE;
    }

    void startValue() {
      left = most;
    }

    @Override
    public JsonToken nextToken() throws IOException {
      if (--left < 0) {
        throw new JsonParseException(
            this, "an entry of 'shards' has more than " + most + " parts", currentLocation());
      }
      return super.nextToken();
    }
  }

  /** Parses the entries of one index, sharing what consecutive shards have in common. */
  private static final class ShardParser {
    private final Where where;
    private int shard;
    private List<Column> lastColumns = List.of();
    private List<String> lastHashes = List.of();
    private List<String> lastDigests = List.of();
    private Optional<String> lastCompression = Optional.empty();
    private OptionalLong lastSizeLimit = OptionalLong.empty();
    private String lastFormat = ShardInfo.MDS;
    private Optional<TextLayout> lastLayout = Optional.empty();

    ShardParser(Where where) {
      this.where = where;
    }

    ShardInfo parse(JsonNode json) {
      int number = shard++;
      try {
        return parseShard(json);
      } catch (IllegalArgumentException e) {
        throw new MalformedShardException(
            where, "shard " + number + ": " + e.getMessage(), REMEDY, e);
      }
    }

    private ShardInfo parseShard(JsonNode json) {
      require(longValue(json, "version") == ShardInfo.VERSION, "its version is not 2");
      var format = text(json.path("format"), "format");
      boolean isText = ShardInfo.TEXT_FORMATS.containsKey(format);
      require(
          isText || format.equals(ShardInfo.MDS),
          "its format '" + format + "' is unknown; known are mds, json, csv, tsv and xsv");
      long samples = longValue(json, "samples");
      require(
          samples >= 0 && samples <= Integer.MAX_VALUE, "it has an impossible count of samples");
      var compression = json.path("compression");
      require(
          compression.isNull() || compression.isTextual(), "'compression' is no text and not null");
      boolean zipped = !compression.isNull();
      return new ShardInfo(
          sharedFormat(format),
          (int) samples,
          shared(isText ? textColumns(json, format) : columns(json)),
          compression(zipped ? Optional.of(compression.textValue()) : Optional.empty()),
          hashes(json),
          sizeLimit(json),
          pair(json, "data", zipped),
          isText ? Optional.of(pair(json, "meta", zipped)) : Optional.empty(),
          isText ? layout(json, format) : Optional.empty());
    }

    private FilePair pair(JsonNode json, String kind, boolean zipped) {
      var zip = json.path("zip_" + kind);
      require(
          zipped ? zip.isObject() : zip.isNull(),
          "'zip_" + kind + "' must be an object if there is a compression, and else null");
      return new FilePair(
          file(json.path("raw_" + kind), "raw_" + kind),
          zipped ? Optional.of(file(zip, "zip_" + kind)) : Optional.empty());
    }

    private Optional<TextLayout> layout(JsonNode json, String format) {
      var newline = text(json.path("newline"), "newline");
      var separator =
          format.equals("xsv")
              ? Optional.of(text(json.path("separator"), "separator"))
              : ShardInfo.TEXT_FORMATS.get(format);
      require(
          !newline.isEmpty() && separator.map(text -> !text.isEmpty()).orElse(true),
          "'newline' or 'separator' is empty");
      var layout = Optional.of(new TextLayout(newline, separator));
      if (!layout.equals(lastLayout)) {
        lastLayout = layout;
      }
      return lastLayout;
    }

    private static List<Column> textColumns(JsonNode json, String format) {
      var columns = new ArrayList<Column>();
      if (format.equals("json")) {
        for (var entry : json.path("columns").properties()) {
          columns.add(new Column(entry.getKey(), text(entry.getValue(), "columns")));
        }
      } else {
        var names = list(json, "column_names");
        var encodings = list(json, "column_encodings");
        require(
            names.size() == encodings.size(),
            "'column_names' and 'column_encodings' must have one entry a column");
        for (int i = 0; i < names.size(); i++) {
          columns.add(new Column(names.get(i), encodings.get(i)));
        }
      }
      for (var column : columns) {
        require(
            ShardInfo.TEXT_ENCODINGS.contains(column.encoding()),
            "column '%s' has the encoding '%s', and a text format has only %s"
                .formatted(column.name(), column.encoding(), ShardInfo.TEXT_ENCODINGS));
      }
      return columns;
    }

    private static List<Column> columns(JsonNode json) {
      var names = list(json, "column_names");
      var encodings = list(json, "column_encodings");
      var sizes = json.path("column_sizes");
      require(
          names.size() == encodings.size() && sizes.size() == names.size(),
          "'column_names', 'column_encodings' and 'column_sizes' must have one entry a column");
      var columns = new ArrayList<Column>();
      for (int i = 0; i < names.size(); i++) {
        var encoding = Encoding.parse(encodings.get(i));
        var size = sizes.get(i);
        require(
            encoding.size() < 0
                ? size.isNull()
                : size.isIntegralNumber() && size.longValue() == encoding.size(),
            "column '" + names.get(i) + "' has the size " + size + ", which is not its encoding's");
        columns.add(new Column(names.get(i), encodings.get(i)));
      }
      return columns;
    }

    private List<Column> shared(List<Column> columns) {
      require(!columns.isEmpty(), "it has no columns");
      require(
          columns.stream().map(Column::name).distinct().count() == columns.size(),
          "two columns have the same name");
      if (!columns.equals(lastColumns)) {
        lastColumns = List.copyOf(columns);
      }
      return lastColumns;
    }

    private List<String> hashes(JsonNode json) {
      var hashes = list(json, "hashes");
      if (!hashes.equals(lastHashes)) {
        lastHashes = List.copyOf(hashes);
      }
      return lastHashes;
    }

    private String sharedFormat(String format) {
      if (!format.equals(lastFormat)) {
        lastFormat = format;
      }
      return lastFormat;
    }

    private Optional<String> compression(Optional<String> compression) {
      if (!compression.equals(lastCompression)) {
        lastCompression = compression;
      }
      return lastCompression;
    }

    private OptionalLong sizeLimit(JsonNode json) {
      var limit = json.path("size_limit");
      if (limit.isNull()) {
        return OptionalLong.empty();
      }
      long bytes =
          limit.isTextual() ? SizeLimit.parse(limit.textValue()) : longValue(json, "size_limit");
      if (lastSizeLimit.isEmpty() || lastSizeLimit.getAsLong() != bytes) {
        lastSizeLimit = OptionalLong.of(bytes);
      }
      return lastSizeLimit;
    }

    private FileInfo file(JsonNode json, String key) {
      require(json.isObject(), "'" + key + "' is no object");
      var hashes = new HashMap<String, String>();
      for (var entry : json.path("hashes").properties()) {
        hashes.put(entry.getKey(), text(entry.getValue(), "hashes"));
      }
      var digests = Digests.copyOf(hashes, lastDigests);
      if (digests instanceof Digests compact) {
        lastDigests = compact.names();
      }
      return new FileInfo(
          text(json.path("basename"), "basename"), longValue(json, "bytes"), digests);
    }

    private static List<String> list(JsonNode json, String key) {
      var list = json.path(key);
      require(list.isArray(), "'" + key + "' is no list");
      var texts = new ArrayList<String>(list.size());
      for (var item : list) {
        texts.add(text(item, key));
      }
      return texts;
    }

    private static String text(JsonNode json, String key) {
      require(json.isTextual(), "'" + key + "' is no text");
      return json.textValue();
    }

    private static long longValue(JsonNode json, String key) {
      var number = json.path(key);
      require(
          number.isIntegralNumber() && number.canConvertToLong(), "'" + key + "' is no integer");
      return number.longValue();
    }

    private static void require(boolean condition, String problem) {
      if (!condition) {
        throw new IllegalArgumentException(problem);
      }
    }
  }
}
