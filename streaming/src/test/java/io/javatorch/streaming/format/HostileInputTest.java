package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.javatorch.streaming.codec.Compression;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attacks on the reader, each answered by the one exception with the place of the fault. */
class HostileInputTest {
  @TempDir private Path directory;

  private int shards;

  /** The data set's directory, a new one for each shard. */
  private Path out() {
    return directory.resolve("data" + shards);
  }

  /**
   * A shard of one column {@code x}, whose second sample has the given bytes, whatever they are.
   */
  private ShardInfo shardOf(String encoding, byte[] hostile) throws IOException {
    shards++;
    // Both have a size in front of the value, and nothing looks into bytes.
    try (var writer = MdsWriter.builder(out()).column("x", "bytes").noSizeLimit().open()) {
      writer.write(Map.of("x", new byte[3]));
      writer.write(Map.of("x", hostile));
      var shard = writer.finish().shards().get(0);
      return ShardInfo.mds(
          2,
          List.of(new Column("x", encoding)),
          Optional.empty(),
          List.of(),
          OptionalLong.empty(),
          shard.data());
    }
  }

  private interface Access {
    void to(Sample sample);
  }

  /** The failure to read a value, after a check that it names the exact place. */
  private MalformedShardException failure(String encoding, byte[] hostile, Access access)
      throws IOException {
    var shard = shardOf(encoding, hostile);
    var file = shard.data().raw().in(out());
    try (var reader = ShardReader.open(out(), shard, ShardReader.Pickles.PLAIN_DATA)) {
      var sample = reader.get(1);
      var failure = catchThrowableOfType(MalformedShardException.class, () -> access.to(sample));
      assertThat(failure)
          .isNotNull()
          .returns(file.toString(), MalformedShardException::file)
          .returns(OptionalLong.of(1), MalformedShardException::sample)
          .returns(Optional.of("x"), MalformedShardException::column)
          .returns(
              OptionalLong.of(Files.size(file) - hostile.length),
              MalformedShardException::position);
      return failure;
    }
  }

  private MalformedShardException failure(String encoding, byte[] hostile) throws IOException {
    return failure(encoding, hostile, sample -> sample.get("x"));
  }

  private MalformedShardException failureOfImage(String encoding, byte[] hostile)
      throws IOException {
    return failure(encoding, hostile, sample -> sample.getImage("x"));
  }

  private ShardReader reader(String encoding, byte[] value) throws IOException {
    var shard = shardOf(encoding, value);
    return ShardReader.open(out(), shard);
  }

  private BufferedImage image(String encoding, byte[] file) throws IOException {
    try (var reader = reader(encoding, file)) {
      return reader.get(1).getImage("x");
    }
  }

  // PNG

  private static byte[] chunk(String type, byte[] data) {
    var chunk = ByteBuffer.allocate(12 + data.length);
    chunk.putInt(data.length).put(type.getBytes(StandardCharsets.US_ASCII)).put(data);
    var crc = new CRC32();
    crc.update(chunk.array(), 4, 4 + data.length);
    return chunk.putInt((int) crc.getValue()).array();
  }

  private static byte[] head(int width, int height, int depth, int type) {
    return chunk(
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put((byte) depth)
            .put((byte) type)
            .array());
  }

  private static byte[] deflated(byte[] data) throws IOException {
    var zip = new ByteArrayOutputStream();
    try (var out = new DeflaterOutputStream(zip, new Deflater(9))) {
      out.write(data);
    }
    return zip.toByteArray();
  }

  private static byte[] png(byte[]... chunks) {
    var file = new ByteArrayOutputStream();
    file.writeBytes(HexFormat.of().parseHex("89504e470d0a1a0a"));
    for (var chunk : chunks) {
      file.writeBytes(chunk);
    }
    return file.toByteArray();
  }

  @Test
  void refusesAPictureOfMorePixelsThanPillowTakes() throws IOException {
    var bomb = png(head(60_000, 60_000, 8, 2), chunk("IDAT", deflated(new byte[100])));
    assertThat(failureOfImage("png", bomb))
        .hasMessageContaining("60000 by 60000, and 178956970 pixels are the most")
        .hasMessageContaining("take its bytes");
    var huge = png(head(-1, -1, 16, 6), chunk("IDAT", deflated(new byte[100])));
    assertThat(failureOfImage("jpeg", huge)).hasMessageContaining("4294967295 by 4294967295");
  }

  @Test
  void refusesAPictureThatItsBytesCannotHold() throws IOException {
    var bomb = png(head(10_000, 5_000, 1, 0), chunk("IDAT", deflated(new byte[100])));
    assertThat(failureOfImage("png", bomb))
        .hasMessageContaining("6250000 bytes of pixels, more than its");
    var jpeg = jpeg(64, 64, false);
    var frame = ByteBuffer.wrap(jpeg);
    int at = marker(jpeg, 0xc0);
    frame.putShort(at + 5, (short) 12_000).putShort(at + 7, (short) 12_000);
    assertThat(failureOfImage("jpeg", jpeg)).hasMessageContaining("12000 by 12000, more than its");
    frame.putShort(at + 5, (short) 65_535).putShort(at + 7, (short) 65_535);
    assertThat(failureOfImage("jpeg", jpeg)).hasMessageContaining("178956970 pixels are the most");
  }

  @Test
  void leavesTheCompressedTextsOfAPngAlone() throws IOException {
    // A gigabyte each, which Java's reader would inflate: with a palette it reads them all.
    var bomb = new ByteArrayOutputStream();
    bomb.writeBytes("key\0\0".getBytes(StandardCharsets.US_ASCII));
    try (var out = new DeflaterOutputStream(bomb, new Deflater(9))) {
      var zeros = new byte[1 << 20];
      for (int i = 0; i < 256; i++) {
        out.write(zeros);
      }
    }
    var text = chunk("zTXt", bomb.toByteArray());
    var file =
        png(
            head(2, 1, 8, 3),
            chunk("PLTE", new byte[] {1, 2, 3, 4, 5, 6}),
            text,
            text,
            text,
            text,
            chunk("IDAT", deflated(new byte[] {0, 1, 0})),
            chunk("IEND", new byte[0]));
    var image = image("png", file);
    assertThat(image.getRGB(0, 0)).isEqualTo(0xff040506);
    assertThat(image.getRGB(1, 0)).isEqualTo(0xff010203);
  }

  @Test
  void refusesDamagedPngFiles() throws IOException {
    var data = chunk("IDAT", deflated(new byte[1_010]));
    var head = head(10, 10, 8, 0);
    var whole = png(head, data, chunk("IEND", new byte[0]));
    var flipped = whole.clone();
    flipped[60] ^= 1;
    assertThat(failureOfImage("png", flipped)).hasMessageContaining("has a wrong CRC");
    assertThat(failureOfImage("png", Arrays.copyOf(whole, 50)))
        .hasMessageContaining("ends within a chunk at its byte 33");
    assertThat(failureOfImage("png", png(data))).hasMessageContaining("begin with one head");
    assertThat(failureOfImage("png", png(head, head, data)))
        .hasMessageContaining("begin with one head");
    assertThat(failureOfImage("png", png(head(10, 10, 8, 9), data)))
        .hasMessageContaining("unknown kind of pixel");
    assertThat(failureOfImage("png", png(head(10, 10, 3, 2), data)))
        .hasMessageContaining("cannot be decoded");
    assertThat(failureOfImage("png", png(head(0, 10, 8, 0), data))).hasMessageContaining("0 by 10");
    assertThat(failureOfImage("png", png(head, chunk("IDAT", deflated(new byte[50])))))
        .hasMessageContaining("cannot be decoded");
    assertThat(failureOfImage("png", png(head, chunk("EVIL", new byte[4]), data)))
        .hasMessageContaining("unknown chunk at its byte 33");
  }

  // JPEG

  private static byte[] jpeg(int width, int height, boolean progressive) throws IOException {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width; i++) {
      image.setRGB(i, i % height, i * 12_345);
    }
    var writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    var file = new ByteArrayOutputStream();
    try (var stream = ImageIO.createImageOutputStream(file)) {
      var param = writer.getDefaultWriteParam();
      if (progressive) {
        param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
      }
      writer.setOutput(stream);
      writer.write(null, new IIOImage(image, null, null), param);
    } finally {
      writer.dispose();
    }
    return file.toByteArray();
  }

  private static int marker(byte[] jpeg, int marker) {
    for (int i = 0; i < jpeg.length - 1; i++) {
      if (jpeg[i] == (byte) 0xff && jpeg[i + 1] == (byte) marker) {
        return i;
      }
    }
    throw new AssertionError("no such marker");
  }

  @Test
  void readsWhatItShouldOfJpegFiles() throws IOException {
    for (boolean progressive : new boolean[] {false, true}) {
      var file = jpeg(123, 45, progressive);
      var expected = ImageIO.read(new ByteArrayInputStream(file));
      var actual = image("jpeg", file);
      assertThat(actual.getRGB(0, 0, 123, 45, null, 0, 123))
          .isEqualTo(expected.getRGB(0, 0, 123, 45, null, 0, 123));
    }
  }

  @Test
  void refusesDamagedJpegFiles() throws IOException {
    var file = jpeg(64, 64, false);
    assertThat(failureOfImage("jpeg", Arrays.copyOf(file, file.length - 2)))
        .hasMessageContaining("before its end marker");
    assertThat(failureOfImage("jpeg", Arrays.copyOf(file, 100)))
        .hasMessageContaining("within a segment");
    assertThat(failureOfImage("jpeg", new byte[] {(byte) 0xff, (byte) 0xd8, 1, 2, 3}))
        .hasMessageContaining("no marker at its byte 2");
    assertThat(failureOfImage("jpeg", HexFormat.of().parseHex("ffd8ffd9")))
        .hasMessageContaining("no picture");
    int frame = marker(file, 0xc0);
    file[frame + 9] = 77;
    assertThat(failureOfImage("jpeg", file)).hasMessageContaining("cannot be decoded");
  }

  @Test
  void refusesAJpegThatVisitsItsPixelsWithoutEnd() throws IOException {
    var file = jpeg(2_000, 2_000, true);
    int scan = marker(file, 0xda);
    int next = scan + 2;
    while (file[next] != (byte) 0xff || file[next + 1] == 0) {
      next++;
    }
    var bomb = new ByteArrayOutputStream();
    bomb.write(file, 0, scan);
    // The first scan without its data, again and again.
    for (int i = 0; i < 100_000; i++) {
      bomb.write(file, scan, 14);
    }
    bomb.write(file, next, file.length - next);
    assertThat(failureOfImage("jpeg", bomb.toByteArray())).hasMessageContaining("more scans");
  }

  @Test
  void refusesWhatIsNeitherPngNorJpeg() throws IOException {
    var bmp = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB), "bmp", bmp);
    assertThat(failureOfImage("jpeg", bmp.toByteArray()))
        .hasMessageContaining("neither a PNG nor a JPEG")
        .hasMessageContaining("decode them with a library");
    assertThat(failureOfImage("png", new byte[0])).hasMessageContaining("neither a PNG nor a JPEG");
  }

  // Raw pixels, arrays and lists

  private static byte[] pil(int width, int height, String mode, int pixels) {
    return ByteBuffer.allocate(12 + mode.length() + pixels)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(width)
        .putInt(height)
        .putInt(mode.length())
        .put(mode.getBytes(StandardCharsets.US_ASCII))
        .array();
  }

  @Test
  void refusesRawPixelsOfAnImpossibleSize() throws IOException {
    // 65536 * 65536 * 4 is 0 in 32 bits and in the low part of 64.
    assertThat(failure("pil", pil(65_536, 65_536, "RGBA", 0)))
        .hasMessageContaining("RGBA, 65536 by 65536, does not fill 0 bytes");
    assertThat(failure("pil", pil(-1, -1, "L", 1))).hasMessageContaining("-1 by -1");
    assertThat(failure("pil", pil(Integer.MAX_VALUE, Integer.MAX_VALUE, "RGB", 3)))
        .hasMessageContaining("does not fill 3 bytes");
    assertThat(failure("pil", pil(1, 1, "XYZ", 3))).hasMessageContaining("mode 'XYZ' is unknown");
    // No pixels are a value, as in Python, but no picture.
    assertThat(failureOfImage("pil", pil(0, 9, "L", 0))).hasMessageContaining("0 by 9");
    assertThat(failureOfImage("pil", pil(Integer.MAX_VALUE, 0, "L", 0)))
        .hasMessageContaining("2147483647 by 0");
    assertThat(failureOfImage("pil", pil(1, 1, "CMYK", 4))).hasMessageContaining("no form in Java");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // 2^16 x 2^16 x 2^16 x 2^16 of float64: 0 bytes in 64 bits.
        "4211 00000100 00000100 00000100 00000100",
        // A dimension of 2^63 and one of -1, in eight bytes each.
        "4207 0000000000000080",
        "4207 ffffffffffffffff",
        // 63 dimensions of 255, and none.
        "42fc ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
            + "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "4200 00",
        "4204 00",
        "42",
        "",
        "07",
      })
  void refusesArraysOfAnImpossibleShape(String hex) throws IOException {
    var bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    assertThat(failure("ndarray", bytes)).hasMessageContaining("array");
  }

  @Test
  void refusesListsOfMoreThanTheirBytes() throws IOException {
    for (int count : new int[] {-1, Integer.MAX_VALUE, 1 << 30, 2}) {
      var list = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(count).array();
      assertThat(failure("jpeg_array", list)).hasMessageContaining("more than its bytes can hold");
    }
  }

  // JSON and text

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void refusesJsonThatIsNestedWithoutEnd() throws IOException {
    assertThat(failure("json", ascii("[".repeat(5_000_000)))).hasMessageContaining("depth");
  }

  @Test
  void refusesJsonThatIsNestedInObjects() throws IOException {
    assertThat(failure("json", ascii("{\"a\":".repeat(1_000_000)))).hasMessageContaining("depth");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "{", "{}}", "1 2", "nul", "\"a", "{1:2}", "[1,]", "01", "'a'"})
  void refusesWhatIsNoJson(String text) throws IOException {
    assertThat(failure("json", ascii(text))).hasMessageContaining("JSON");
  }

  @Test
  void refusesNumbersLongerThanPythonReads() throws IOException {
    assertThat(failure("json", ascii("9".repeat(100_000)))).hasMessageContaining("JSON");
  }

  @Test
  void readsNumbersAsLongAsPythonDoes() throws IOException {
    var digits = "-" + "9".repeat(4_300);
    try (var reader = reader("json", ascii(digits))) {
      assertThat(reader.get(1).get("x")).hasToString(digits);
    }
  }

  @ParameterizedTest
  // A lone byte, a surrogate, an overlong slash, beyond Unicode, a cut sequence, as in Python.
  @ValueSource(strings = {"ff", "eda080", "c0af", "f4908080", "e282"})
  void refusesInvalidUtf8AsPythonDoes(String hex) throws IOException {
    var bytes = HexFormat.of().parseHex("616263" + hex);
    assertThat(failure("str", bytes)).hasMessageContaining("not UTF-8 from byte 3 of the value");
  }

  @Test
  void readsTheReplacementCharacterItself() throws IOException {
    try (var reader = reader("str", "a\uFFFDb".getBytes(StandardCharsets.UTF_8))) {
      assertThat(reader.get(1).getString("x")).isEqualTo("a\uFFFDb");
    }
  }

  // Pickles

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Four bytes that say 2 GiB, and eight that say 2^63.
        "5affffff7f", // BINUNICODE's neighbour, unknown
        "58ffffff7f",
        "42ffffffff",
        "8e0000000000000080",
        "8d00000000000000ff",
        "8bffffff7f",
        // FLOAT in a form of Java's alone; a memo key beyond 64 bits; no mark; an empty stack.
        "463164660a2e",
        "4e703939393939393939393939393939393939393939390a2e",
        "652e",
        "2e",
        // os.system
        "636f730a73797374656d0a2e",
      })
  void refusesPicklesThatLie(String hex) throws IOException {
    failure("pkl", HexFormat.of().parseHex(hex));
  }

  @Test
  void refusesAPickleThatDoublesWithoutEnd() throws IOException {
    // l0 = []; l1 = [l0, l0]; l2 = [l1, l1]; ...
    var pickle = new ByteArrayOutputStream();
    pickle.writeBytes(HexFormat.of().parseHex("5d"));
    for (int i = 0; i < 400; i++) {
      pickle.writeBytes(HexFormat.of().parseHex("3286"));
    }
    pickle.write('.');
    assertThat(failure("pkl", pickle.toByteArray())).hasMessageContaining("expands");
  }

  @Test
  void refusesAPickleThatHoldsItself() throws IOException {
    assertThat(failure("pkl", HexFormat.of().parseHex("5d94680061" + "2e")))
        .hasMessageContaining("contains itself");
  }

  @Test
  void refusesAnIntegerThatWouldTakeHoursToPrint() throws IOException {
    var pickle = ByteBuffer.allocate(2_000_006).order(ByteOrder.LITTLE_ENDIAN);
    pickle.put((byte) 0x8b).putInt(2_000_000).put(2_000_005, (byte) '.');
    assertThat(failure("pkl", pickle.array())).hasMessageContaining("integer of 2000000 bytes");
  }

  // Files

  private ShardInfo declared(String compression, long rawBytes, byte[] zip) throws IOException {
    Files.createDirectories(out());
    Files.write(out().resolve("a.zip"), zip);
    var raw = new FileInfo("a.mds", rawBytes, Map.of());
    var stored = new FileInfo("a.zip", zip.length, Map.of());
    return ShardInfo.mds(
        1,
        List.of(new Column("x", "bytes")),
        Optional.of(compression),
        List.of(),
        OptionalLong.empty(),
        new FilePair(raw, Optional.of(stored)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "bz2", "gz", "snappy", "zstd"})
  void allocatesNothingForASizeThatIsOnlyDeclared(String compression) throws IOException {
    var zip = Compression.parse(compression).compress(new byte[1_000]);
    for (long declared : new long[] {1L << 31, 1L << 40, Long.MAX_VALUE}) {
      var shard = declared(compression, declared, zip);
      assertThatThrownBy(
              () ->
                  ShardFiles.decompress(
                      shard, shard.data(), out().resolve("a.zip"), out().resolve("a"), List.of()))
          .isInstanceOf(MalformedShardException.class)
          .hasMessageContaining("a.zip");
    }
    assertThat(out()).isDirectoryContaining(file -> file.endsWith("a.zip"));
    assertThat(out()).isDirectoryNotContaining(file -> !file.endsWith("a.zip"));
  }

  @Test
  void refusesAZstdWindowOfMoreThan128MiB() throws IOException {
    // A frame without a single segment, whose window is 2^41 bytes.
    var zip = HexFormat.of().parseHex("28b52ffd" + "00" + "f8" + "010000");
    var shard = declared("zstd", 1_000, zip);
    assertThatThrownBy(
            () ->
                ShardFiles.decompress(
                    shard, shard.data(), out().resolve("a.zip"), out().resolve("a"), List.of()))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("cannot be decompressed");
  }

  @Test
  void refusesALinkThatLeadsOut() throws IOException {
    var shard = shardOf("bytes", new byte[5]);
    var outside = directory.resolve("outside.mds");
    Files.move(out().resolve("shard.00000.mds"), outside);
    Files.createSymbolicLink(out().resolve("shard.00000.mds"), outside);
    assertThatThrownBy(() -> ShardReader.open(out(), shard))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("it is a link to")
        .hasMessageContaining("put the file itself");
  }

  @Test
  void refusesALinkedDirectoryThatLeadsOut() throws IOException {
    var shard = shardOf("bytes", new byte[5]);
    Files.createSymbolicLink(out().resolve("sub"), Files.createDirectory(directory.resolve("o")));
    Files.move(out().resolve("shard.00000.mds"), out().resolve("sub").resolve("a.mds"));
    var raw = shard.data().raw();
    var linked =
        ShardInfo.mds(
            2,
            shard.columns(),
            Optional.empty(),
            List.of(),
            OptionalLong.empty(),
            new FilePair(new FileInfo("sub/a.mds", raw.bytes(), Map.of()), Optional.empty()));
    assertThatThrownBy(() -> ShardReader.open(out(), linked))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("it is a link to");
  }

  @Test
  void readsThroughALinkToTheWholeDirectory() throws IOException {
    var shard = shardOf("bytes", new byte[5]);
    var link = Files.createSymbolicLink(directory.resolve("link"), out());
    try (var reader = ShardReader.open(link, shard)) {
      assertThat(reader.get(1).getBytes("x")).isEqualTo(new byte[5]);
    }
  }

  @Test
  void refusesAPipeInPlaceOfAFileAtOnce() throws IOException, InterruptedException {
    var shard = shardOf("bytes", new byte[5]);
    var raw = new FileInfo("shard.00000.mds", 0, Map.of());
    var file = raw.in(out());
    Files.delete(file);
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
    var info =
        ShardInfo.mds(
            0,
            shard.columns(),
            Optional.empty(),
            List.of(),
            OptionalLong.empty(),
            new FilePair(raw, Optional.empty()));
    assertThatThrownBy(() -> ShardReader.open(out(), info))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("it is no regular file");
    assertThatThrownBy(() -> ShardFiles.verify(raw, file, List.of()))
        .isInstanceOf(MalformedShardException.class);
  }

  @Test
  void saysWhatToDoAboutAMissingFile() throws IOException {
    var shard = shardOf("bytes", new byte[5]);
    Files.delete(out().resolve("shard.00000.mds"));
    assertThatThrownBy(() -> ShardReader.open(out(), shard))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("shard.00000.mds")
        .hasMessageContaining("fetch it again");
    // A file where a directory should be makes it missing, too.
    var below = new FileInfo("index.json/a.mds", 1, Map.of());
    assertThatThrownBy(() -> ShardFiles.verify(below, below.in(out()), List.of()))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("Not a directory");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"samples\": 2 -> \"samples\": \"2\"",
        "\"samples\": 2 -> \"samples\": 2.0",
        "\"samples\": 2 -> \"samples\": 1e30",
        "\"samples\": 2 -> \"samples\": NaN",
        "\"samples\": 2 -> \"samples\": null",
        "\"samples\": 2 -> \"samples\": [2]",
        "\"bytes\":  -> \"bytes\": 1e3, \"was\": ",
        "\"bytes\":  -> \"bytes\": 99999999999999999999, \"was\": ",
        "\"bytes\":  -> \"bytes\": -1, \"was\": ",
        "\"samples\": 2 -> \"samples\": 2, \"samples\": 1",
        "\"version\": 2} -> \"version\": 2, \"version\": 2}",
        "\"version\": 2} -> \"version\": 2, \"shards\": []}",
        "\"hashes\": [] -> \"hashes\": [1]",
        "\"hashes\": {} -> \"hashes\": {\"md5\": 5}",
        "\"size_limit\": null -> \"size_limit\": \"many\"",
        "\"basename\": \"shard -> \"basename\": \"\\ud800shard",
      })
  void refusesAnIndexOfOtherTypesAndTwiceTheKeys(String edit) throws IOException {
    shardOf("bytes", new byte[5]);
    var index = out().resolve("index.json");
    var text = Files.readString(index);
    var parts = edit.split(" -> ");
    assertThat(text).contains(parts[0]);
    Files.writeString(index, text.replace(parts[0], parts[1]));
    assertThatThrownBy(() -> ShardIndex.read(out()))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining(index.toString());
  }

  @Test
  void namesTheByteAtWhichAnIndexIsBroken() throws IOException {
    shardOf("bytes", new byte[5]);
    var index = out().resolve("index.json");
    var text = Files.readString(index);
    // Two bytes in UTF-8, so that a count of characters would be another.
    var broken = text.replace("\"hashes\": []", "\"\u00e9\": 1, \"hashes\": [}");
    Files.writeString(index, broken);
    int brace =
        broken.substring(0, broken.indexOf("[}") + 1).getBytes(StandardCharsets.UTF_8).length;
    var failure = catchThrowableOfType(MalformedShardException.class, () -> ShardIndex.read(out()));
    assertThat(failure.position().getAsLong()).isBetween(brace - 1L, brace + 1L);
  }

  @Test
  void refusesAnIndexThatIsNestedWithoutEndOrHuge() throws IOException {
    Files.createDirectories(out());
    var index = out().resolve("index.json");
    for (var text :
        List.of(
            "{\"version\": 2, \"shards\": [{\"x\": " + "[".repeat(1_000_000),
            "{\"x\": " + "{\"a\":".repeat(500_000),
            "{\"version\": 2, \"shards\": [{\"" + "k".repeat(10_000_000) + "\": 1}]}",
            "{\"version\": " + "9".repeat(1_000_000) + "}",
            "{\"version\": 2, \"shards\": [{" + "\"version\": 2, ".repeat(100_000) + "}]}",
            "{\"version\": 2, \"shards\": [" + "{}, ".repeat(1_000_000) + "{}]}")) {
      Files.writeString(index, text);
      assertThatThrownBy(() -> ShardIndex.read(out()))
          .isInstanceOf(MalformedShardException.class)
          .hasMessageContaining("index.json");
    }
  }
}
