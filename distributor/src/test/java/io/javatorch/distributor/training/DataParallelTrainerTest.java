package io.javatorch.distributor.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.distributor.collective.Ranks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataParallelTrainerTest {
  private static final int BATCH = 12;

  /** What a run shows after each step. */
  private record Trace(List<Double> losses, List<float[]> parameters, List<String> hashes) {
    Trace() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  /** Trains on global batches of BATCH samples, of which each rank gets its share in rank order. */
  private static Trace train(ProcessGroup group, String optimizer, int[] shares, int steps) {
    Trace trace = new Trace();
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = Problem.initialized(Problem.perceptron(), manager, 5 + group.rank());
      try (var trainer =
          Problem.trainer(block, manager, group, optimizer)
              // Several buckets.
              .bucketBytes(600, 4000)
              .build()) {
        for (int step = 0; step < steps; step++) {
          int from = step * BATCH;
          for (int rank = 0; rank < group.rank(); rank++) {
            from += shares[rank];
          }
          int count = shares[group.rank()];
          StepResult result;
          if (count == 0) {
            result = trainer.stepWithoutSamples();
          } else {
            try (NDManager batch = manager.newSubManager()) {
              result =
                  trainer.step(
                      Problem.data(batch, from, count), Problem.labels(batch, from, count));
            }
          }
          assertThat(result.step()).isEqualTo(step + 1);
          assertThat(result.samples()).isEqualTo(Arrays.stream(shares).sum());
          trace.losses().add(result.loss());
          trace.parameters().add(Problem.parameters(block));
          trace.hashes().add(trainer.checkRanksAgree());
        }
      }
    }
    return trace;
  }

  private static void assertClose(Trace actual, Trace expected) {
    for (int step = 0; step < expected.losses().size(); step++) {
      assertThat(actual.losses().get(step))
          .as("loss of step %d", step)
          .isCloseTo(expected.losses().get(step), within(1e-5));
      float[] parameters = actual.parameters().get(step);
      for (int i = 0; i < parameters.length; i++) {
        assertThat(parameters[i])
            .as("parameter %d after step %d", i, step)
            .isCloseTo(expected.parameters().get(step)[i], within(2e-4f));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adam", "adamw", "momentum", "sgd"})
  void ranksThatShareABatchTrainAsOneRankDoesOnAllOfIt(String optimizer) throws Exception {
    Trace alone = train(ProcessGroup.single(), optimizer, new int[] {BATCH}, 8);
    assertThat(alone.losses().get(7)).isLessThan(alone.losses().get(0));
    for (int[] shares : new int[][] {{6, 6}, {7, 5}, {12, 0}, {0, 12}, {3, 4, 5}}) {
      List<Trace> traces = Ranks.run(shares.length, group -> train(group, optimizer, shares, 8));
      for (Trace trace : traces) {
        assertClose(trace, alone);
        // Not just close to each other.
        assertThat(trace.hashes()).isEqualTo(traces.get(0).hashes());
        assertThat(trace.losses()).isEqualTo(traces.get(0).losses());
      }
    }
  }

  @Test
  void theSameRunGivesTheSameBits() throws Exception {
    List<Trace> first = Ranks.run(2, group -> train(group, "adam", new int[] {5, 7}, 6));
    List<Trace> second = Ranks.run(2, group -> train(group, "adam", new int[] {5, 7}, 6));
    assertThat(second.get(1).hashes()).isEqualTo(first.get(0).hashes());
    assertThat(second.get(1).losses()).isEqualTo(first.get(0).losses());
  }

  @Test
  void oneRankTrainsAsPlainDjlDoes() {
    Trace ours = train(ProcessGroup.single(), "momentum", new int[] {BATCH}, 5);
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = Problem.initialized(Problem.perceptron(), manager, 5);
      var store = new ai.djl.training.ParameterStore(manager, false);
      Optimizer sgd =
          Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.05f)).optMomentum(0.9f).build();
      Loss loss = Loss.softmaxCrossEntropyLoss();
      for (int step = 0; step < 5; step++) {
        try (NDManager batch = manager.newSubManager();
            var collector = manager.getEngine().newGradientCollector()) {
          NDList labels = Problem.labels(batch, step * BATCH, BATCH);
          NDList predictions =
              block.forward(store, Problem.data(batch, step * BATCH, BATCH), labels, null);
          collector.backward(loss.evaluate(labels, predictions));
        }
        for (var pair : block.getParameters()) {
          var array = pair.getValue().getArray();
          sgd.update(pair.getKey(), array, array.getGradient());
        }
        assertThat(Problem.parameters(block)).isEqualTo(ours.parameters().get(step));
      }
    }
  }

  @Test
  void accumulatedPartsCountAsOneBatch() throws Exception {
    Trace alone = train(ProcessGroup.single(), "momentum", new int[] {BATCH}, 4);
    List<Trace> traces =
        Ranks.run(
            2,
            group -> {
              Trace trace = new Trace();
              try (NDManager manager = NDManager.newBaseManager()) {
                Block block = Problem.initialized(Problem.perceptron(), manager, 5);
                try (var trainer = Problem.trainer(block, manager, group, "momentum").build()) {
                  for (int step = 0; step < 4; step++) {
                    int from = step * BATCH;
                    StepResult result;
                    if (group.rank() == 0) {
                      trainer.accumulate(
                          Problem.data(manager, from, 1), Problem.labels(manager, from, 1));
                      trainer.accumulate(
                          Problem.data(manager, from + 1, 4), Problem.labels(manager, from + 1, 4));
                      result =
                          trainer.step(
                              Problem.data(manager, from + 5, 2),
                              Problem.labels(manager, from + 5, 2));
                    } else {
                      result =
                          trainer.step(
                              Problem.data(manager, from + 7, 5),
                              Problem.labels(manager, from + 7, 5));
                    }
                    trace.losses().add(result.loss());
                    trace.parameters().add(Problem.parameters(block));
                  }
                  trainer.checkRanksAgree();
                }
              }
              return trace;
            });
    for (Trace trace : traces) {
      assertClose(trace, alone);
    }
  }

  @Test
  void statisticsOfBatchNormalisationAreTheSameOnAllRanks() throws Exception {
    List<float[]> results =
        Ranks.run(
            3,
            group -> {
              try (NDManager manager = NDManager.newBaseManager()) {
                Block block = Problem.initialized(Problem.convolutional(), manager, group.rank());
                try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
                  for (int step = 0; step < 5; step++) {
                    // Other data on each rank, and none at all on the last in one step.
                    int from = 1000 * group.rank() + step * 8;
                    if (step == 3 && group.rank() == 2) {
                      trainer.stepWithoutSamples();
                    } else {
                      trainer.step(
                          Problem.data(manager, from, 8), Problem.labels(manager, from, 8));
                    }
                    trainer.checkRanksAgree();
                  }
                  for (var pair : block.getParameters()) {
                    if (pair.getKey().contains("unningMean")) {
                      return pair.getValue().getArray().toFloatArray();
                    }
                  }
                  throw new AssertionError("no running mean");
                }
              }
            });
    assertThat(results.get(0)).isEqualTo(results.get(1)).isEqualTo(results.get(2));
    assertThat(results.get(0)).doesNotContain(0f);
  }

  @Test
  void whenNoRankHasSamplesNothingIsUpdated() throws Exception {
    Ranks.run(
        2,
        group -> {
          try (NDManager manager = NDManager.newBaseManager()) {
            Block block = Problem.initialized(Problem.perceptron(), manager, 1);
            try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
              trainer.step(Problem.data(manager, 0, 2), Problem.labels(manager, 0, 2));
              String before = trainer.parametersHash();
              StepResult result = trainer.stepWithoutSamples();
              assertThat(result.samples()).isZero();
              assertThat(result.loss()).isNaN();
              assertThat(result.step()).isEqualTo(1);
              assertThat(trainer.parametersHash()).isEqualTo(before);
            }
          }
          return null;
        });
  }

  @Test
  void theGradientsNormIsLimited() throws Exception {
    float limit = 0.01f;
    Ranks.run(
        2,
        group -> {
          try (NDManager manager = NDManager.newBaseManager()) {
            Block block = Problem.initialized(Problem.perceptron(), manager, 1);
            float[] before = Problem.parameters(block);
            try (var trainer =
                DataParallelTrainer.builder(block, manager, group)
                    .loss(Loss.softmaxCrossEntropyLoss())
                    .optimizer(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(1f)).build())
                    .maxGradientNorm(limit)
                    .build()) {
              trainer.step(Problem.data(manager, 0, 4), Problem.labels(manager, 0, 4));
            }
            float[] after = Problem.parameters(block);
            double squares = 0;
            for (int i = 0; i < after.length; i++) {
              squares += Math.pow(after[i] - before[i], 2);
            }
            assertThat(Math.sqrt(squares)).isCloseTo(limit, within(1e-4));
          }
          return null;
        });
  }

  @Test
  void aRankThatDriftsIsNamedOnAllRanks() throws Exception {
    List<Ranks.Outcome<Void>> outcomes =
        Ranks.outcomes(
            3,
            Duration.ofSeconds(30),
            group -> {
              try (NDManager manager = NDManager.newBaseManager()) {
                Block block = Problem.initialized(Problem.perceptron(), manager, 1);
                try (var trainer = Problem.trainer(block, manager, group, "adam").build()) {
                  trainer.step(Problem.data(manager, 0, 2), Problem.labels(manager, 0, 2));
                  trainer.checkRanksAgree();
                  if (group.rank() == 1) {
                    var bytes =
                        TensorMemory.memory(block.getParameters().get(0).getValue().getArray());
                    bytes.put(0, (byte) (bytes.get(0) ^ 1));
                  }
                  trainer.checkRanksAgree();
                }
              }
              return null;
            });
    assertThat(outcomes)
        .allSatisfy(
            outcome ->
                assertThat(outcome.error())
                    .isInstanceOf(TrainingException.class)
                    .hasMessageContaining("ranks [1] hold other parameters")
                    .hasMessageContaining("after step 1"));
  }

  @Test
  void anotherModelOnOneRankIsFoundAtConstruction() throws Exception {
    List<Ranks.Outcome<Void>> outcomes =
        Ranks.outcomes(
            3,
            Duration.ofSeconds(30),
            group -> {
              try (NDManager manager = NDManager.newBaseManager()) {
                Block block =
                    Problem.initialized(
                        group.rank() == 2 ? Problem.convolutional() : Problem.perceptron(),
                        manager,
                        1);
                Problem.trainer(block, manager, group, "adam").build().close();
              }
              return null;
            });
    assertThat(outcomes)
        .allSatisfy(
            outcome ->
                assertThat(outcome.error())
                    .isInstanceOf(TrainingException.class)
                    .hasMessageContaining("ranks [2] have a model of other"));
  }

  @Test
  void aBlockWithoutParametersOrWithoutShapesIsRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      assertThatThrownBy(
              () ->
                  Problem.trainer(Problem.perceptron(), manager, ProcessGroup.single(), "adam")
                      .build())
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("is not initialised");
      Block frozen = Problem.initialized(Problem.perceptron(), manager, 1);
      frozen.freezeParameters(true);
      assertThatThrownBy(
              () -> Problem.trainer(frozen, manager, ProcessGroup.single(), "adam").build())
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("no parameter to train");
    }
  }

  @Test
  void metricsAddUpOverSharesOfDifferentSizes() throws Exception {
    List<Map<String, Double>> totals =
        Ranks.run(
            3,
            group -> {
              MetricSums sums = new MetricSums();
              if (group.rank() != 1) {
                try (NDManager manager = NDManager.newBaseManager()) {
                  var scores =
                      manager.create(new float[][] {{0.1f, 0.9f}, {0.8f, 0.2f}, {0.3f, 0.7f}});
                  var labels = manager.create(new float[] {1, 1, 1});
                  for (int batch = 0; batch <= group.rank(); batch++) {
                    sums.add("samples", 3);
                    sums.add("correct", MetricSums.countCorrect(scores, labels));
                  }
                }
                sums.add("rank " + group.rank(), 1);
              }
              return sums.reduce(group);
            });
    assertThat(totals)
        .containsOnly(Map.of("samples", 12.0, "correct", 8.0, "rank 0", 1.0, "rank 2", 1.0));
  }

  @Test
  void nativeMemoryStaysFlat() throws Exception {
    Ranks.run(
        2,
        group -> {
          try (NDManager manager = NDManager.newBaseManager()) {
            Block block = Problem.initialized(Problem.convolutional(), manager, 1);
            try (var trainer = Problem.trainer(block, manager, group, "adam").build();
                NDManager own = manager.newSubManager()) {
              NDList data = Problem.data(own, 0, 4);
              NDList labels = Problem.labels(own, 0, 4);
              int arrays = -1;
              for (int step = 0; step < 1000; step++) {
                trainer.step(data, labels);
                trainer.evaluateLoss(data, labels);
                try (NDManager batch = own.newSubManager()) {
                  NDList inputs = Problem.data(batch, step, 2);
                  trainer.predict(inputs);
                }
                if (step % 100 == 5) {
                  trainer.checkRanksAgree();
                  int now = countArrays(manager);
                  assertThat(now).isEqualTo(arrays < 0 ? now : arrays);
                  arrays = now;
                }
              }
              // The arrays given came back from the step's own manager.
              assertThat(data.head().getManager()).isEqualTo(own);
            }
          }
          return null;
        });
  }

  /** Arrays of a manager and of all below it. */
  private static int countArrays(NDManager manager) {
    int below = 0;
    if (manager instanceof ai.djl.ndarray.BaseNDManager base) {
      below = base.getManagedArrays().size();
    }
    return below;
  }

  @Test
  void theThreadsGradModeIsLeftAsItWas() {
    for (boolean mode : new boolean[] {true, false}) {
      boolean before = JniUtils.isGradMode();
      JniUtils.setGradMode(mode);
      try {
        train(ProcessGroup.single(), "sgd", new int[] {4}, 1);
        assertThat(JniUtils.isGradMode()).isEqualTo(mode);
      } finally {
        JniUtils.setGradMode(before);
      }
    }
  }
}
