package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares with runs of the real StreamingDataLoader, recorded by golden_loader.py. */
class PythonLoaderTest {
  @TempDir Path directory;

  @BeforeEach
  void copy() throws IOException {
    var names = new ArrayList<String>(List.of("index.json"));
    for (int i = 0; i < 7; i++) {
      names.add("shard.0000" + i + ".mds.zstd");
    }
    for (String name : names) {
      try (var in = getClass().getResourceAsStream("loader/data/" + name)) {
        Files.copy(in, directory.resolve(name));
      }
    }
  }

  @Test
  void givesTheBatchesAndStatesOfThePythonLoader() throws IOException {
    int batches = 0;
    var json = new ObjectMapper();
    try (var lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(getClass().getResourceAsStream("loader/loader.jsonl.gz")),
                StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        batches += compare(json.readTree(line));
      }
    }
    System.out.println("batches equal to the Python loader's: " + batches);
    assertThat(batches).isGreaterThan(500);
  }

  private int compare(JsonNode run) {
    int batches = 0;
    try (var dataset =
            StreamingDataset.builder()
                .local(directory)
                .shuffle(true)
                .batchSize(run.get("batch_size").intValue())
                .numCanonicalNodes(run.get("ncn").intValue())
                .shuffleSeed(run.get("seed").longValue())
                .shuffleBlockSize(run.get("block").longValue())
                .world(World.of(run.get("rank").intValue(), 1, run.get("ranks").intValue()))
                .build();
        var loader =
            StreamingDataLoader.builder(dataset)
                .workers(Math.max(1, run.get("workers").intValue()))
                .dropLast(run.get("drop_last").booleanValue())
                .build(sample -> sample.getLong("id"))) {
      if (!run.get("state").isNull()) {
        loader.loadState(LoaderState.fromJson(run.get("state").toString()));
      }
      for (JsonNode epoch : run.get("result")) {
        var iterator = loader.iterator();
        for (JsonNode batch : epoch) {
          var expected = new ArrayList<Long>();
          batch.get("ids").forEach(id -> expected.add(id.longValue()));
          assertThat(iterator.next()).as(run.toString()).isEqualTo(expected);
          LoaderState state = loader.state();
          assertThat(
                  new LoaderState(
                      state.epoch(),
                      state.sampleInEpoch(),
                      state.numCanonicalNodes(),
                      state.shuffleSeed(),
                      state.initialPhysicalNodes()))
              .as(run.toString())
              .isEqualTo(LoaderState.fromJson(batch.get("state").toString()));
          batches++;
        }
        assertThat(iterator.hasNext()).as(run.toString()).isFalse();
      }
    }
    return batches;
  }
}
