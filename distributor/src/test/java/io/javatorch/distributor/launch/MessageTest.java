package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.distributor.RankLogLine;
import io.javatorch.streaming.World;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MessageTest {
  static List<Message> messages() {
    var address = new HostAndPort("::1", 7);
    return List.of(
        new Message.Hello(3, "a"),
        new Message.Placed(new World(1, 2, 0, 1, 1, 2)),
        new Message.MasterAt(new HostAndPort("a", 1)),
        new Message.Dismissed("why"),
        new Message.LogLines(1, RankLogLine.Stream.STDERR, List.of("a", "b")),
        new Message.RankFailed(RankFailure.exited(1, "h", 137)),
        new Message.Join(2, address),
        new Message.Peers(List.of(address, new HostAndPort("h", 8))),
        new Message.RanksMissing(List.of(1, 2)));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void everyMessageSurvivesTheWire(Message message) throws IOException {
    assertThat(Message.fromBytes(message.toBytes())).isEqualTo(message);
  }

  @Test
  void messagesWithBytesSurviveTheWire() throws IOException {
    var order =
        new Message.JobOrder(
            new byte[] {1},
            true,
            Map.of("A", "b"),
            "1g",
            List.of("-ea"),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2));
    assertThat(Message.fromBytes(order.toBytes())).usingRecursiveComparison().isEqualTo(order);
    var start =
        new Message.Start(
            World.single(),
            new HostAndPort("h", 1),
            "h",
            new byte[] {2},
            true,
            Duration.ofSeconds(1),
            Duration.ofSeconds(2));
    assertThat(Message.fromBytes(start.toBytes())).usingRecursiveComparison().isEqualTo(start);
    var threw = new Message.Threw(ErrorReport.of(new IOException("x", new Error("y"))));
    assertThat(Message.fromBytes(threw.toBytes())).usingRecursiveComparison().isEqualTo(threw);
  }

  @Test
  void anObjectOfAnyOtherClassIsRefused() throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(new File("/"));
    }
    assertThatThrownBy(() -> Message.fromBytes(bytes.toByteArray()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("REJECTED");
  }

  @Test
  void theOrderDoesNotShowItsEnvironment() {
    var order =
        new Message.JobOrder(
            new byte[0],
            true,
            Map.of("DATABRICKS_TOKEN", "dapi123"),
            "1g",
            List.of(),
            Duration.ZERO,
            Duration.ZERO);
    assertThat(order.toString()).doesNotContain("dapi123");
  }
}
