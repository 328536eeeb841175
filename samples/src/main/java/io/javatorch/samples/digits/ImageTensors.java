package io.javatorch.samples.digits;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.javatorch.streaming.djl.TensorCollector;
import java.io.IOException;
import java.nio.FloatBuffer;

/** Makes tensors of encoded images and their labels. */
final class ImageTensors {
  private static final int PIXELS = DigitRenderer.SIDE * DigitRenderer.SIDE;

  private ImageTensors() {}

  /**
   * Batches of two tensors: standardised images of the shape (samples, 1, height, width), float32,
   * and labels of the shape (samples), int64.
   */
  static TensorCollector collector(String imageColumn, String labelColumn) {
    return TensorCollector.builder()
        .floats(
            imageColumn,
            new Shape(1, DigitRenderer.SIDE, DigitRenderer.SIDE),
            (sample, out) -> standardise(sample.getBytes(imageColumn), out))
        .scalar(labelColumn, DataType.INT64)
        .build();
  }

  /**
   * Decodes an image into {@code out}, shifted and scaled to mean 0 and standard deviation 1: what
   * matters in a digit is its shape, not how bright ink and ground are.
   */
  static void standardise(byte[] encoded, FloatBuffer out) throws IOException {
    var pixels = new byte[PIXELS];
    GreyImage.decode(encoded, pixels, 0);
    long sum = 0;
    long squares = 0;
    for (byte pixel : pixels) {
      int grey = pixel & 0xff;
      sum += grey;
      squares += (long) grey * grey;
    }
    double mean = (double) sum / PIXELS;
    // An image of a single grey has no deviation to divide by.
    double deviation = Math.max(1, Math.sqrt((double) squares / PIXELS - mean * mean));
    for (byte pixel : pixels) {
      out.put((float) (((pixel & 0xff) - mean) / deviation));
    }
  }
}
