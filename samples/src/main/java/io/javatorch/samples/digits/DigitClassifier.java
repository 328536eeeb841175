package io.javatorch.samples.digits;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.tracker.Tracker;
import io.javatorch.distributor.TrainingContext;
import io.javatorch.distributor.TrainingFunction;
import io.javatorch.distributor.checkpoint.Checkpoint;
import io.javatorch.distributor.checkpoint.CheckpointStore;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.distributor.collective.ReduceOp;
import io.javatorch.distributor.training.DataParallelTrainer;
import io.javatorch.distributor.training.ResumableOptimizer;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.djl.TensorBatch;
import io.javatorch.streaming.djl.TensorCollector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Trains and evaluates the digit classifier as one rank of a job. Checkpoints hold the parameters,
 * the optimizer's state and the place in the data, so that a run that resumes from one goes on
 * exactly as the run that wrote it.
 */
public final class DigitClassifier implements TrainingFunction<TrainingReport> {
  private static final long serialVersionUID = 1L;
  private static final int EVALUATION_BATCH = 256;

  /** The learning rate ends at this share of its start. */
  private static final float LAST_LEARNING_RATE = 0.02f;

  private final TrainingSettings settings;

  /** Trains as the settings say. */
  public DigitClassifier(TrainingSettings settings) {
    this.settings = settings;
  }

  @Override
  public TrainingReport train(TrainingContext context) throws Exception {
    Engine.getInstance().setRandomSeed((int) settings.seed());
    try (var data =
            StreamingDataset.builder()
                .local(Path.of(settings.trainDirectory()))
                .batchSize(settings.batchSizePerRank())
                .shuffle(true)
                .shuffleSeed(settings.seed())
                .world(context.world())
                .build();
        var model = Model.newInstance("digits", context.device())) {
      model.setBlock(DigitNetwork.create(settings.classes()));
      int stepsPerEpoch = (int) (data.samplesPerRank() / settings.batchSizePerRank());
      try (var trainer = trainer(context, model, settings.epochs() * stepsPerEpoch)) {
        return run(context, data, model.getNDManager(), trainer, stepsPerEpoch);
      }
    }
  }

  private DataParallelTrainer trainer(TrainingContext context, Model model, int steps) {
    var rate =
        Tracker.cosine()
            .setBaseValue(settings.learningRate())
            .optFinalValue(settings.learningRate() * LAST_LEARNING_RATE)
            .setMaxUpdates(steps)
            .build();
    return DataParallelTrainer.builder(model, context.processGroup())
        .loss(Loss.softmaxCrossEntropyLoss())
        .optimizer(ResumableOptimizer.adam(Adam.builder().optLearningRateTracker(rate)))
        .inputShapes(DigitNetwork.inputShape(1))
        .build();
  }

  private TrainingReport run(
      TrainingContext context,
      StreamingDataset data,
      NDManager manager,
      DataParallelTrainer trainer,
      int stepsPerEpoch)
      throws Exception {
    boolean speaks = context.world().rank() == 0;
    var collector = ImageTensors.collector(settings.imageColumn(), settings.labelColumn());
    int allSteps = settings.epochs() * stepsPerEpoch;
    var store =
        CheckpointStore.in(Path.of(settings.checkpointDirectory())).keepLast(Integer.MAX_VALUE);
    var losses = new double[allSteps];
    int done = 0;
    int firstStep;
    double rate;
    try (var loader = StreamingDataLoader.builder(data).dropLast(true).collect(collector)) {
      if (settings.resumeFrom() > 0) {
        restore(context.processGroup(), store, trainer, loader);
      }
      firstStep = (int) trainer.step();
      var progress =
          new EpochProgress(
              settings.epochs(),
              stepsPerEpoch,
              settings.batchSizePerRank() * context.world().worldSize());
      progress.resume(System.nanoTime());
      // The loader's epoch: after a checkpoint of an epoch's last step it first gives that
      // epoch's rest, which is empty, as the Python library does.
      for (int epoch = loader.epoch(); epoch < settings.epochs(); epoch++) {
        for (var batch : loader) {
          double loss = step(trainer, manager, batch);
          losses[done++] = loss;
          int step = (int) trainer.step();
          var line = progress.step(epoch, step - epoch * stepsPerEpoch, loss, System.nanoTime());
          if (speaks) {
            line.ifPresent(System.out::println);
          }
          if (speaks && (step % settings.checkpointEverySteps() == 0 || step == allSteps)) {
            progress.pause(System.nanoTime());
            store.save(trainer.capture().epoch(epoch).loaderState(loader.state()).build());
            progress.resume(System.nanoTime());
          }
        }
      }
      progress.pause(System.nanoTime());
      rate = progress.samplesPerSecond();
    }
    long[] right = evaluate(context, manager, trainer, collector);
    double accuracy = (double) right[0] / right[1];
    if (speaks) {
      System.out.printf("held-out accuracy %.2f %% of %,d%n", 100 * accuracy, right[1]);
    }
    return new TrainingReport(
        context.world().rank(),
        context.world().worldSize(),
        firstStep,
        Arrays.copyOf(losses, done),
        accuracy,
        right[1],
        rate,
        trainer.parametersHash());
  }

  /** Only rank 0 reads the checkpoint; the others get it from there. */
  private void restore(
      ProcessGroup group,
      CheckpointStore store,
      DataParallelTrainer trainer,
      StreamingDataLoader<TensorBatch> loader)
      throws IOException {
    Optional<Checkpoint> own =
        group.rank() == 0 ? Optional.of(store.load(settings.resumeFrom())) : Optional.empty();
    var checkpoint = Checkpoint.broadcast(own, group).orElseThrow();
    trainer.restore(checkpoint);
    loader.loadState(checkpoint.loaderState().orElseThrow());
  }

  private static double step(DataParallelTrainer trainer, NDManager manager, TensorBatch batch) {
    try (var scope = manager.newSubManager()) {
      var tensors = batch.toNDList(scope);
      return trainer.step(tensors.subNDList(0, 1), tensors.subNDList(1, 2)).loss();
    }
  }

  /** Counts over all ranks: images that are classified right, and images. */
  private long[] evaluate(
      TrainingContext context,
      NDManager manager,
      DataParallelTrainer trainer,
      TensorCollector collector)
      throws Exception {
    var world = context.world();
    long right = 0;
    long seen = 0;
    // By id and not through a loader, which repeats samples so that all ranks have equally many.
    try (var data =
        StreamingDataset.builder().local(Path.of(settings.heldOutDirectory())).build()) {
      long next = world.rank();
      while (next < data.size()) {
        long left = (data.size() - next + world.worldSize() - 1) / world.worldSize();
        int size = (int) Math.min(EVALUATION_BATCH, left);
        var filler = collector.begin(size);
        for (int i = 0; i < size; i++) {
          filler.add(data.get(next));
          next += world.worldSize();
        }
        right += countRight(manager, trainer, filler.finish());
        seen += size;
      }
    }
    var counts =
        ByteBuffer.allocateDirect(2 * Long.BYTES).order(ByteOrder.nativeOrder()).asLongBuffer();
    counts.put(0, right).put(1, seen);
    context.processGroup().allReduce(counts, ReduceOp.SUM);
    return new long[] {counts.get(0), counts.get(1)};
  }

  private static long countRight(
      NDManager manager, DataParallelTrainer trainer, TensorBatch batch) {
    try (var scope = manager.newSubManager()) {
      var tensors = batch.toNDList(scope);
      var labels = tensors.get(1);
      var predicted = trainer.predict(tensors.subNDList(0, 1)).head().argMax(1);
      return predicted.eq(labels).sum().getLong();
    }
  }
}
