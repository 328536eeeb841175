package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javatorch.streaming.order.ShuffleAlgorithm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exchanges states with the real Python library, live; needs bin/setup-peers and -Pinterop. */
@Tag("interop")
class PythonInteropTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path root;

  @Test
  void eitherSideGoesOnWhereTheOtherStopped() throws Exception {
    Path directory = TestShards.write(root.resolve("data"), "zstd", 40, 1, 33, 57, 29);
    var random = new Random(9176);
    var jobs = new ArrayList<ObjectNode>();
    for (var algorithm : ShuffleAlgorithm.values()) {
      if (algorithm == ShuffleAlgorithm.PY1B) {
        continue; // The library no longer has it.
      }
      for (int i = 0; i < 2; i++) {
        var job = JSON.createObjectNode();
        job.put("directory", directory.toString());
        job.put("algo", algorithm.pythonName());
        job.put("batch", 3 + random.nextInt(10));
        job.put("ncn", 1 + random.nextInt(4));
        job.put("seed", random.nextInt(10_000));
        job.put("block", 10 + random.nextInt(60));
        job.put("take", 1 + random.nextInt(8));
        // From a state of ours in the odd cases, from the start of a run in the even ones.
        job.set("state", i == 0 ? null : JSON.readTree(ours(job, null).state().toJson()));
        jobs.add(job);
      }
    }
    List<JsonNode> results = python(jobs);
    assertThat(results).hasSize(jobs.size());
    for (int i = 0; i < jobs.size(); i++) {
      JsonNode job = jobs.get(i);
      JsonNode result = results.get(i);
      LoaderState from =
          job.get("state").isNull() ? null : LoaderState.fromJson(job.get("state").toString());
      Read uninterrupted = ours(job, from);
      assertThat(longs(result.get("first"))).as(job.toString()).isEqualTo(uninterrupted.first());
      assertThat(longs(result.get("rest"))).as(job.toString()).isEqualTo(uninterrupted.rest());
      Read resumed = ours(job, LoaderState.fromJson(result.get("state").toString()));
      var left = new ArrayList<>(resumed.first());
      left.addAll(resumed.rest());
      assertThat(left).as(job.toString()).isEqualTo(longs(result.get("rest")));
    }
  }

  private record Read(List<Long> first, LoaderState state, List<Long> rest) {}

  private static Read ours(JsonNode job, LoaderState from) {
    try (var dataset =
            StreamingDataset.builder()
                .local(Path.of(job.get("directory").textValue()))
                .shuffle(true)
                .shuffleAlgorithm(ShuffleAlgorithm.ofPythonName(job.get("algo").textValue()))
                .batchSize(job.get("batch").intValue())
                .numCanonicalNodes(job.get("ncn").intValue())
                .shuffleSeed(job.get("seed").longValue())
                .shuffleBlockSize(job.get("block").longValue())
                .build();
        var loader = StreamingDataLoader.builder(dataset).build(s -> s.getLong("id"))) {
      if (from != null) {
        loader.loadState(from);
      }
      var first = new ArrayList<Long>();
      var rest = new ArrayList<Long>();
      LoaderState state = null;
      int number = 0;
      for (List<Long> batch : loader) {
        if (number++ < job.get("take").intValue()) {
          first.addAll(batch);
          state = loader.state();
        } else {
          rest.addAll(batch);
        }
      }
      return new Read(first, state, rest);
    }
  }

  private List<JsonNode> python(List<ObjectNode> jobs) throws IOException, InterruptedException {
    Path python =
        Path.of(System.getProperty("javatorch.peers.python", "../.peers/bin/python"))
            .toAbsolutePath()
            .normalize();
    assertThat(python).as("run bin/setup-peers first").exists();
    Path input = root.resolve("jobs.jsonl");
    Files.write(input, jobs.stream().map(ObjectNode::toString).toList());
    Process process =
        new ProcessBuilder(python.toString(), "src/test/python/interop_loader.py")
            .redirectInput(input.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    var results = new ArrayList<JsonNode>();
    for (String line : output.split("\n")) {
      if (line.startsWith("RESULT")) {
        results.add(JSON.readTree(line.substring("RESULT".length())));
      }
    }
    return results;
  }

  private static List<Long> longs(JsonNode array) {
    var values = new ArrayList<Long>();
    array.forEach(value -> values.add(value.longValue()));
    return values;
  }
}
