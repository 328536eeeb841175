package io.javatorch.samples.digits;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.initializer.XavierInitializer;
import ai.djl.training.initializer.XavierInitializer.FactorType;
import ai.djl.training.initializer.XavierInitializer.RandomType;

/** A small convolutional network: images in, one score a class out. */
final class DigitNetwork {
  private static final int FEATURES = 64;

  private DigitNetwork() {}

  /** The shape of a batch of images: (samples, 1, height, width), float32. */
  static Shape inputShape(int samples) {
    return new Shape(samples, 1, DigitRenderer.SIDE, DigitRenderer.SIDE);
  }

  /** A new, uninitialised network whose output has the shape (samples, {@code classes}). */
  static Block create(int classes) {
    var network =
        new SequentialBlock()
            .add(convolution(16))
            .add(Activation.reluBlock())
            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
            .add(convolution(32))
            .add(Activation.reluBlock())
            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
            .add(Blocks.batchFlattenBlock())
            .add(Linear.builder().setUnits(FEATURES).build())
            .add(Activation.reluBlock())
            .add(Linear.builder().setUnits(classes).build());
    // As PyTorch's own layers start. DJL's default is wider, and costs the first fifty steps.
    network.setInitializer(
        new XavierInitializer(RandomType.UNIFORM, FactorType.IN, 1), Parameter.Type.WEIGHT);
    return network;
  }

  private static Block convolution(int filters) {
    return Conv2d.builder()
        .setKernelShape(new Shape(3, 3))
        .optPadding(new Shape(1, 1))
        .setFilters(filters)
        .build();
  }
}
