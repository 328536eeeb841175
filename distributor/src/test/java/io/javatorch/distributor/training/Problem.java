package io.javatorch.distributor.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.optimizer.AdamW;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.javatorch.distributor.collective.ProcessGroup;
import java.util.Random;
import java.util.function.Supplier;

/** A small task whose data and initial parameters are pure functions of their numbers. */
final class Problem {
  static final int PIXELS = 8;
  static final int CLASSES = 4;

  private Problem() {}

  static Block perceptron() {
    return new SequentialBlock()
        .add(Blocks.batchFlattenBlock(PIXELS * PIXELS))
        .add(Linear.builder().setUnits(33).build())
        .add(Activation::relu)
        .add(Linear.builder().setUnits(CLASSES).build());
  }

  static Block convolutional() {
    return new SequentialBlock()
        .add(Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(5).build())
        .add(BatchNorm.builder().build())
        .add(Activation::relu)
        .add(Blocks.batchFlattenBlock())
        .add(Linear.builder().setUnits(CLASSES).build());
  }

  static Block withDropout() {
    return new SequentialBlock()
        .add(Blocks.batchFlattenBlock(PIXELS * PIXELS))
        .add(Linear.builder().setUnits(33).build())
        .add(Dropout.builder().optRate(0.5f).build())
        .add(Linear.builder().setUnits(CLASSES).build());
  }

  /** An initialised block; other seeds give other parameters. */
  static Block initialized(Block block, NDManager manager, long seed) {
    Random random = new Random(seed);
    Initializer initializer =
        (m, shape, type) -> {
          float[] values = new float[Math.toIntExact(shape.size())];
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * 0.2f;
          }
          return m.create(values, shape);
        };
    block.setInitializer(initializer, Parameter.Type.WEIGHT);
    block.setInitializer(initializer, Parameter.Type.BIAS);
    block.initialize(
        manager, ai.djl.ndarray.types.DataType.FLOAT32, new Shape(1, 1, PIXELS, PIXELS));
    return block;
  }

  /** Images of shape (count, 1, PIXELS, PIXELS) from a sample number on. */
  static NDList data(NDManager manager, int from, int count) {
    float[] values = new float[count * PIXELS * PIXELS];
    for (int sample = 0; sample < count; sample++) {
      Random random = new Random(from + sample);
      int label = label(from + sample);
      for (int i = 0; i < PIXELS * PIXELS; i++) {
        values[sample * PIXELS * PIXELS + i] =
            (float) random.nextGaussian() + (i % CLASSES == label ? 1f : 0f);
      }
    }
    return new NDList(manager.create(values, new Shape(count, 1, PIXELS, PIXELS)));
  }

  static NDList labels(NDManager manager, int from, int count) {
    float[] values = new float[count];
    for (int sample = 0; sample < count; sample++) {
      values[sample] = label(from + sample);
    }
    return new NDList(manager.create(values));
  }

  private static int label(int sample) {
    return Math.floorMod(sample * 7 + sample / 3, CLASSES);
  }

  static Supplier<ResumableOptimizer> optimizer(String name) {
    return switch (name) {
      case "adam" ->
          () ->
              ResumableOptimizer.adam(Adam.builder().optLearningRateTracker(Tracker.fixed(0.01f)));
      case "adamw" ->
          () ->
              ResumableOptimizer.adamW(
                  AdamW.builder()
                      .optLearningRateTracker(
                          Tracker.multiFactor()
                              .setSteps(new int[] {3, 6})
                              .setBaseValue(0.01f)
                              .build())
                      .optWeightDecays(0.01f));
      case "momentum" ->
          () ->
              ResumableOptimizer.sgd(
                  Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.05f)).optMomentum(0.9f));
      default ->
          () ->
              ResumableOptimizer.sgd(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.05f)));
    };
  }

  static DataParallelTrainer.Builder trainer(
      Block block, NDManager manager, ProcessGroup group, String optimizer) {
    return DataParallelTrainer.builder(block, manager, group)
        .loss(Loss.softmaxCrossEntropyLoss())
        .optimizer(optimizer(optimizer).get());
  }

  /** All parameters, one after the other. */
  static float[] parameters(Block block) {
    int size = 0;
    for (var pair : block.getParameters()) {
      size += (int) pair.getValue().getArray().size();
    }
    float[] all = new float[size];
    int at = 0;
    for (var pair : block.getParameters()) {
      try (NDArray copy = pair.getValue().getArray().duplicate()) {
        float[] values = copy.toFloatArray();
        System.arraycopy(values, 0, all, at, values.length);
        at += values.length;
      }
    }
    return all;
  }
}
