package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.World;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MusterTest {
  private final ExecutorService tasks = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    tasks.shutdownNow();
  }

  @Test
  void placesTheTasksOnceAllHaveComeInWhateverOrder() throws Exception {
    var hosts = List.of("b", "a", "b", "a");
    try (var muster = new Muster(4, Duration.ofSeconds(30))) {
      var worlds = new ArrayList<Future<World>>();
      for (int task : new int[] {3, 0, 2, 1}) {
        worlds.add(tasks.submit(() -> muster.enter(task, hosts.get(task))));
      }
      assertThat(worlds.get(0).get()).isEqualTo(new World(3, 4, 1, 2, 1, 2));
      assertThat(worlds.get(1).get()).isEqualTo(new World(0, 4, 0, 2, 0, 2));
      assertThat(worlds.get(2).get()).isEqualTo(new World(1, 4, 1, 2, 0, 2));
      assertThat(worlds.get(3).get()).isEqualTo(new World(2, 4, 0, 2, 1, 2));
      Callable<HostAndPort> question = muster::master;
      var master = tasks.submit(question);
      muster.masterIsAt(new HostAndPort("b", 7));
      assertThat(master.get()).isEqualTo(new HostAndPort("b", 7));
    }
  }

  @Test
  void namesTheTasksThatAreMissing() {
    try (var muster = new Muster(4, Duration.ofMillis(50))) {
      var unused = tasks.submit(() -> muster.enter(2, "a"));
      assertThatThrownBy(() -> muster.enter(0, "a"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("did not start within PT0.05S")
          .hasMessageMatching("tasks \\[(1, 3|1, 2, 3)\\] of the stage .*");
      assertThatThrownBy(muster::master).hasMessageContaining("rank 0 has not said");
    }
  }

  @Test
  void refusesATaskThatComesTwiceOrIsNoneOfTheStage() throws Exception {
    try (var muster = new Muster(2, Duration.ofSeconds(30))) {
      var first = tasks.submit(() -> muster.enter(0, "a"));
      assertThatThrownBy(() -> muster.enter(2, "a")).hasMessageContaining("none of 2 tasks");
      assertThat(muster.enter(1, "b")).isEqualTo(new World(1, 2, 0, 1, 1, 2));
      assertThatThrownBy(() -> muster.enter(0, "a")).hasMessageContaining("task 0 came twice");
      assertThat(first.get()).isEqualTo(new World(0, 2, 0, 1, 0, 2));
    }
  }

  @Test
  void letsNobodyWaitOnceTheJobIsOver() throws Exception {
    var muster = new Muster(2, Duration.ofMinutes(10));
    var waiting = tasks.submit(() -> muster.enter(0, "a"));
    Thread.sleep(50);
    muster.close();
    assertThatThrownBy(waiting::get)
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("the job is over");
  }
}
