package io.javatorch.streaming.tool;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares {@code mds order} with the real Python library, live and on other cases each time. Needs
 * {@code -Pinterop}, and bin/setup-peers or {@code -Djavatorch.peers.python}.
 */
@Tag("interop")
class OrderInteropTest {
  private static final int CASES = 200;

  @TempDir private Path root;

  @Test
  void printsWhatThePythonLibraryGenerates() throws Exception {
    var outcomes = new TreeMap<String, Integer>();
    int seed = new Random().nextInt(1 << 30);
    System.out.println("orders compared live: seed " + seed);
    for (JsonNode config : cases(seed)) {
      String outcome = compare(config);
      outcomes.merge(outcome, 1, Integer::sum);
    }
    System.out.println("orders compared live: " + outcomes);
    assertThat(outcomes.get("equal")).isGreaterThan(CASES / 3);
  }

  private String compare(JsonNode config) throws IOException {
    var arguments = new ArrayList<String>(List.of("order"));
    int number = 0;
    for (JsonNode stream : config.get("streams")) {
      long[] sizes =
          StreamSupport.stream(stream.get("sizes").spliterator(), false)
              .mapToLong(JsonNode::longValue)
              .toArray();
      arguments.add(OrderCommandTest.index(root.resolve("stream-" + number++), sizes).toString());
    }
    for (String weight : List.of("proportion", "repeat", "choose")) {
      var values = config.get("streams").findValuesAsText(weight);
      if (values.size() == number) {
        add(arguments, "--" + weight, String.join(",", values));
      } else if (!values.isEmpty()) {
        return "not tried: streams with weights of several kinds";
      }
    }
    add(arguments, "--epoch", config.get("epoch").asText());
    add(arguments, "--sample-in-epoch", config.get("drop").asText());
    add(arguments, "--initial-nodes", Integer.toString(config.get("initial").asInt(0)));
    add(arguments, "--nodes", config.get("nodes").asText());
    add(arguments, "--ranks-per-node", config.get("ranks").asText());
    add(arguments, "--workers", config.get("workers").asText());
    add(arguments, "--batch-size", config.get("batch").asText());
    add(arguments, "--replication", config.get("replication").asText());
    add(arguments, "--seed", config.get("seed").asText());
    add(arguments, "--num-canonical-nodes", config.get("ncn").asText());
    add(arguments, "--partition-algo", config.get("partition").asText());
    add(arguments, "--batching-method", config.get("batching").asText());
    add(arguments, "--sampling-method", config.get("sampling").asText());
    add(arguments, "--sampling-granularity", config.get("granularity").asText());
    if (config.get("algo").isNull()) {
      arguments.add("--no-shuffle");
    } else {
      add(arguments, "--shuffle-algo", config.get("algo").asText());
    }
    if (!config.get("block").isNull()) {
      add(arguments, "--shuffle-block-size", config.get("block").asText());
    }
    if (!config.get("epoch_size").isNull()) {
      add(arguments, "--epoch-size", config.get("epoch_size").asText());
    }
    var result = OrderCommandTest.run(arguments.toArray(String[]::new));
    String about = String.join(" ", arguments) + "\n" + result.err();
    if (config.has("error")) {
      if (config.get("error").textValue().contains("Resuming further")) {
        return "beyond the library's end of the epoch";
      }
      assertThat(result.code()).as("%s%s", about, config.get("error")).isNotZero();
      return "refused by both";
    }
    assertThat(result.code()).as(about).isZero();
    var expected = new ArrayList<String>();
    config.get("lines").forEach(line -> expected.add(line.textValue()));
    assertThat(result.out().lines()).as(about).containsExactlyElementsOf(expected);
    return "equal";
  }

  private static void add(List<String> arguments, String option, String value) {
    arguments.add(option);
    arguments.add(value);
  }

  private static List<JsonNode> cases(int seed) throws IOException, InterruptedException {
    var python = Path.of(System.getProperty("javatorch.peers.python", "../.peers/bin/python"));
    assertThat(python).as("run bin/setup-peers or set -Djavatorch.peers.python").exists();
    Process process =
        new ProcessBuilder(
                python.toAbsolutePath().normalize().toString(),
                "src/test/python/interop_orders.py",
                Integer.toString(seed),
                Integer.toString(CASES))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    var json = new ObjectMapper();
    var cases = new ArrayList<JsonNode>();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    for (String line : output.split("\n")) {
      if (line.startsWith("CASE")) {
        cases.add(json.readTree(line.substring("CASE".length())));
      }
    }
    assertThat(cases).hasSize(CASES);
    return cases;
  }
}
