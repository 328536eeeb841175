package io.javatorch.distributor.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.javatorch.distributor.checkpoint.Checkpoint;
import io.javatorch.distributor.checkpoint.CheckpointStore;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.distributor.collective.Ranks;
import io.javatorch.streaming.LoaderState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResumeTest {
  private static final int BATCH = 6;

  @TempDir Path directory;

  private static Block block(String name) {
    return switch (name) {
      case "perceptron" -> Problem.perceptron();
      case "convolutional" -> Problem.convolutional();
      default -> Problem.withDropout();
    };
  }

  /** Makes steps up to a number and returns the losses and hashes of those made here. */
  private static List<String> steps(DataParallelTrainer trainer, ProcessGroup group, int until) {
    List<String> trace = new ArrayList<>();
    while (trainer.step() < until) {
      int from = (int) trainer.step() * 1000 + group.rank() * BATCH;
      try (NDManager batch = NDManager.newBaseManager()) {
        StepResult result =
            trainer.step(Problem.data(batch, from, BATCH), Problem.labels(batch, from, BATCH));
        trace.add(result.loss() + " " + trainer.parametersHash());
      }
    }
    return trace;
  }

  @Test
  void whatWasAccumulatedBeforeARestoreIsForgotten() throws Exception {
    try (NDManager manager = NDManager.newBaseManager();
        var group = ProcessGroup.single()) {
      Block block = Problem.initialized(block("perceptron"), manager, 1);
      try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
        steps(trainer, group, 2);
        Checkpoint checkpoint = trainer.capture().build();
        List<String> uninterrupted = steps(trainer, group, 4);
        trainer.accumulate(Problem.data(manager, 77, BATCH), Problem.labels(manager, 77, BATCH));
        trainer.restore(checkpoint);
        assertThat(steps(trainer, group, 4)).isEqualTo(uninterrupted);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "perceptron,adam,2",
    "perceptron,adamw,2",
    "perceptron,momentum,2",
    "perceptron,sgd,1",
    "convolutional,adam,3",
    "convolutional,momentum,2"
  })
  void aResumedRunGoesOnWithTheSameBits(String model, String optimizer, int worldSize)
      throws Exception {
    CheckpointStore store = CheckpointStore.in(directory);
    LoaderState position = new LoaderState(1, 500, 2, 9176, 1);
    List<List<String>> uninterrupted =
        Ranks.run(
            worldSize,
            group -> {
              try (NDManager manager = NDManager.newBaseManager()) {
                Block block = Problem.initialized(block(model), manager, 1);
                try (var trainer = Problem.trainer(block, manager, group, optimizer).build()) {
                  assertThat(trainer.restoreLatest(store)).isEmpty();
                  steps(trainer, group, 5);
                  Checkpoint checkpoint = trainer.capture().epoch(1).loaderState(position).build();
                  if (group.rank() == 0) {
                    store.save(checkpoint);
                  }
                  return steps(trainer, group, 10);
                }
              }
            });
    List<List<String>> resumed =
        Ranks.run(
            worldSize,
            group -> {
              try (NDManager manager = NDManager.newBaseManager()) {
                // Another start on purpose: all must come from the checkpoint.
                Block block = Problem.initialized(block(model), manager, 99);
                try (var trainer = Problem.trainer(block, manager, group, optimizer).build()) {
                  Optional<Checkpoint> restored =
                      trainer.restoreLatest(
                          group.rank() == 0
                              ? store
                              : CheckpointStore.in(directory.resolve("nowhere")));
                  assertThat(restored.orElseThrow().loaderState()).contains(position);
                  assertThat(restored.orElseThrow().epoch()).isEqualTo(1);
                  assertThat(restored.orElseThrow().worldSize()).isEqualTo(worldSize);
                  assertThat(trainer.step()).isEqualTo(5);
                  return steps(trainer, group, 10);
                }
              }
            });
    assertThat(resumed).isEqualTo(uninterrupted);
  }

  @Test
  void goingBackWithinOneTrainerRepeatsTheSteps() {
    try (NDManager manager = NDManager.newBaseManager()) {
      ProcessGroup group = ProcessGroup.single();
      Block block = Problem.initialized(Problem.perceptron(), manager, 1);
      try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
        Checkpoint start = trainer.capture().build();
        List<String> first = steps(trainer, group, 3);
        Checkpoint middle = trainer.capture().build();
        List<String> second = steps(trainer, group, 6);
        trainer.restore(middle);
        assertThat(steps(trainer, group, 6)).isEqualTo(second);
        trainer.restore(start);
        assertThat(steps(trainer, group, 3)).isEqualTo(first);
        // What was restored and not yet used is saved again.
        trainer.restore(middle);
        trainer.restore(trainer.capture().build());
        assertThat(steps(trainer, group, 6)).isEqualTo(second);
      }
    }
  }

  @Test
  void withASeedDropoutDrawsTheSameNumbersAfterResuming() {
    try (NDManager manager = NDManager.newBaseManager()) {
      ProcessGroup group = ProcessGroup.single();
      Block block = Problem.initialized(Problem.withDropout(), manager, 1);
      List<String> rest;
      Checkpoint checkpoint;
      try (var trainer = Problem.trainer(block, manager, group, "adam").seed(42).build()) {
        List<String> first = steps(trainer, group, 4);
        checkpoint = trainer.capture().build();
        rest = steps(trainer, group, 8);
        assertThat(first).doesNotContainAnyElementsOf(rest);
      }
      Block again = Problem.initialized(Problem.withDropout(), manager, 2);
      try (var trainer = Problem.trainer(again, manager, group, "adam").seed(42).build()) {
        trainer.restore(checkpoint);
        assertThat(steps(trainer, group, 8)).isEqualTo(rest);
      }
      Block other = Problem.initialized(Problem.withDropout(), manager, 2);
      try (var trainer = Problem.trainer(other, manager, group, "adam").seed(43).build()) {
        trainer.restore(checkpoint);
        assertThat(steps(trainer, group, 8)).isNotEqualTo(rest);
      }
    }
  }

  @Test
  void aCheckpointOfAnotherModelOrOptimizerIsRefusedAndChangesNothing() {
    try (NDManager manager = NDManager.newBaseManager()) {
      ProcessGroup group = ProcessGroup.single();
      Checkpoint other;
      Block convolutional = Problem.initialized(Problem.convolutional(), manager, 1);
      try (var trainer = Problem.trainer(convolutional, manager, group, "adam").build()) {
        steps(trainer, group, 1);
        other = trainer.capture().build();
      }
      Block block = Problem.initialized(Problem.perceptron(), manager, 1);
      try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
        steps(trainer, group, 1);
        String before = trainer.parametersHash();
        assertThatThrownBy(() -> trainer.restore(other))
            .isInstanceOf(TrainingException.class)
            .hasMessageContaining("of another model: it lacks [");
        Checkpoint own = trainer.capture().build();
        Checkpoint wrongShape =
            Checkpoint.builder()
                .parameters(other.parameters())
                .optimizer(own.optimizer().orElseThrow())
                .build();
        assertThatThrownBy(() -> trainer.restore(wrongShape)).isInstanceOf(TrainingException.class);
        assertThat(trainer.parametersHash()).isEqualTo(before);
        assertThat(trainer.step()).isEqualTo(1);
      }
      try (var trainer = Problem.trainer(block, manager, group, "momentum").build()) {
        assertThatThrownBy(() -> trainer.restore(other))
            .isInstanceOf(TrainingException.class)
            .hasMessage("the checkpoint is of optimizer adam, the trainer has sgd");
      }
      try (var trainer =
          DataParallelTrainer.builder(block, manager, group)
              .loss(Loss.softmaxCrossEntropyLoss())
              .optimizer(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.1f)).build())
              .build()) {
        assertThatThrownBy(trainer::capture)
            .isInstanceOf(TrainingException.class)
            .hasMessageContaining("ResumableOptimizer");
      }
    }
  }

  @Test
  void ranksThatAreNotAtTheSameStepAreNamed() throws Exception {
    List<Ranks.Outcome<Void>> outcomes =
        Ranks.outcomes(
            2,
            java.time.Duration.ofSeconds(30),
            group -> {
              try (NDManager manager = NDManager.newBaseManager()) {
                Block block = Problem.initialized(Problem.perceptron(), manager, 1);
                try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
                  Checkpoint.Builder checkpoint = trainer.capture();
                  // The parameters are the same; only the count differs.
                  trainer.restore(checkpoint.step(group.rank() == 0 ? 3 : 4).build());
                  steps(trainer, group, 5);
                }
              }
              return null;
            });
    assertThat(outcomes)
        .allSatisfy(
            outcome ->
                assertThat(outcome.error())
                    .isInstanceOf(TrainingException.class)
                    .hasMessageContaining("all must restore the same checkpoint"));
  }
}
