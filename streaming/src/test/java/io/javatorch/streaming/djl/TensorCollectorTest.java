package io.javatorch.streaming.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.javatorch.streaming.SampleReadException;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.TestShards;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorCollectorTest {
  @TempDir Path root;
  private StreamingDataset dataset;

  @BeforeEach
  void write() throws IOException {
    TestShards.write(root, "zstd", 20, 13);
    dataset = StreamingDataset.builder().local(root).batchSize(4).build();
  }

  @Test
  void batchesComeAsTensorsColumnByColumn() {
    var columns =
        TensorCollector.builder()
            .floats(
                "grid",
                new Shape(2, 3),
                (sample, out) -> {
                  for (int i = 0; i < 6; i++) {
                    out.put(sample.getLong("id") * 10f + i);
                  }
                })
            .longs("pair", new Shape(2), (sample, out) -> out.put(sample.getLong("id")).put(7))
            .bytes("flag", new Shape(1), DataType.UINT8, (sample, out) -> out.put((byte) 200))
            .scalar("id", DataType.INT64)
            .scalar("half", DataType.FLOAT32)
            .build();
    try (var data = dataset;
        var loader = StreamingDataLoader.builder(data).workers(3).collect(columns);
        var manager = NDManager.newBaseManager()) {
      var kept = new ArrayList<NDList>();
      for (TensorBatch batch : loader) {
        kept.add(batch.toNDList(manager));
        assertThatThrownBy(() -> batch.toNDList(manager)).hasMessageContaining("already");
      }
      assertThat(kept).hasSize(9);
      // Looked at only now: later batches use the buffers of earlier ones.
      for (int i = 0; i < 9; i++) {
        NDList list = kept.get(i);
        int size = i == 8 ? 1 : 4;
        assertThat(list.getShapes())
            .containsExactly(
                new Shape(size, 2, 3),
                new Shape(size, 2),
                new Shape(size, 1),
                new Shape(size),
                new Shape(size));
        assertThat(list.get("grid").getDataType()).isEqualTo(DataType.FLOAT32);
        for (int j = 0; j < size; j++) {
          long id = 4L * i + j;
          assertThat(list.get("id").getLong(j)).isEqualTo(id);
          assertThat(list.get("half").getFloat(j)).isEqualTo(id / 2f);
          assertThat(list.get("grid").getFloat(j, 1, 2)).isEqualTo(id * 10f + 5);
          assertThat(list.get("pair").getLong(j, 0)).isEqualTo(id);
          assertThat(list.get("pair").getLong(j, 1)).isEqualTo(7);
          assertThat(list.get("flag").getUint8(j, 0)).isEqualTo(200);
        }
      }
      assertThat(loader.state().sampleInEpoch()).isEqualTo(33);
    }
  }

  @Test
  void djlTrainsOnIt() throws Exception {
    var columns =
        TensorCollector.builder()
            .floats("half", new Shape(1), (sample, out) -> out.put(sample.getFloat("half") / 16))
            .floats("id", new Shape(1), (sample, out) -> out.put(sample.getLong("id") / 16f))
            .build();
    try (var data = dataset;
        var loader = StreamingDataLoader.builder(data).workers(2).collect(columns);
        var model = Model.newInstance("line")) {
      model.setBlock(Linear.builder().setUnits(1).build());
      var config =
          new DefaultTrainingConfig(Loss.l2Loss())
              // Converges from whatever weights DJL draws; Adam swings where it starts near the
              // end.
              .optOptimizer(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.5f)).build());
      try (var trainer = model.newTrainer(config)) {
        trainer.initialize(new Shape(1, 1));
        var training = new TensorDataset(loader, 1);
        int epochs = 60;
        EasyTrain.fit(trainer, epochs, training, null);
        assertThat(loader.epoch()).isEqualTo(epochs - 1);
        assertThat(loader.state().sampleInEpoch()).isEqualTo(33);
        try (var manager = model.getNDManager().newSubManager()) {
          var predicted = trainer.evaluate(new NDList(manager.create(new float[][] {{1}, {0.5f}})));
          assertThat(predicted.head().getFloat(0, 0)).isCloseTo(2, within(0.1f));
          assertThat(predicted.head().getFloat(1, 0)).isCloseTo(1, within(0.1f));
        }
      }
    }
  }

  @Test
  void aSampleThatDoesNotFillItsShapeFailsWithItsColumn() {
    var columns =
        TensorCollector.builder()
            .floats(
                "grid",
                new Shape(2, 3),
                (sample, out) -> out.put(new float[sample.getLong("id") == 6 ? 5 : 6]))
            .build();
    try (var data = dataset;
        var loader = StreamingDataLoader.builder(data).collect(columns)) {
      var batches = loader.iterator();
      batches.next();
      assertThatThrownBy(batches::next)
          .isInstanceOf(SampleReadException.class)
          .hasMessageContaining("sample 6")
          .hasMessageContaining("column grid: 5 values")
          .hasMessageContaining("(2, 3)");
    }
  }

  @Test
  void refusesColumnsThatCannotBe() {
    assertThatThrownBy(() -> TensorCollector.builder().build()).hasMessageContaining("one column");
    assertThatThrownBy(() -> TensorCollector.builder().scalar("x", DataType.STRING))
        .hasMessageContaining("column x")
        .hasMessageContaining("string");
    assertThatThrownBy(
            () -> TensorCollector.builder().scalar("x", DataType.INT64).scalar("x", DataType.INT64))
        .hasMessageContaining("two columns x");
  }
}
