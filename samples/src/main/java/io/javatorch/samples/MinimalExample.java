package io.javatorch.samples;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Adam;
import io.javatorch.conversion.DataFrameToMds;
import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.distributor.TrainingContext;
import io.javatorch.distributor.training.DataParallelTrainer;
import io.javatorch.distributor.training.ResumableOptimizer;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.djl.TensorCollector;
import java.nio.file.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The shortest whole program: fits a line through the columns {@code x} and {@code y} of a Parquet
 * table with two processes. Arguments: the table, and a new directory for the shards.
 */
public final class MinimalExample {
  private MinimalExample() {}

  /** Runs the program, usually by spark-submit. */
  public static void main(String[] arguments) throws Exception {
    var shards = arguments[1];
    try (var spark = SparkSession.builder().appName("minimal").getOrCreate()) {
      DataFrameToMds.builder(spark.read().parquet(arguments[0])).out(shards).convert();
      var context = JavaSparkContext.fromSparkContext(spark.sparkContext());
      var distributor = JavaTorchDistributor.builder(context).numProcesses(2).build();
      double loss = distributor.run(rank -> train(rank, shards));
      System.out.println("last loss: " + loss);
    }
  }

  private static double train(TrainingContext context, String shards) {
    double loss = Double.NaN;
    var columns =
        TensorCollector.builder()
            .floats("x", new Shape(1), (sample, out) -> out.put(sample.getFloat("x")))
            .floats("y", new Shape(1), (sample, out) -> out.put(sample.getFloat("y")))
            .build();
    try (var data =
            StreamingDataset.builder()
                .local(Path.of(shards))
                .batchSize(32)
                .shuffle(true)
                .world(context.world())
                .build();
        var loader = StreamingDataLoader.builder(data).collect(columns);
        var model = Model.newInstance("line", context.device())) {
      model.setBlock(Linear.builder().setUnits(1).build());
      try (var trainer =
          DataParallelTrainer.builder(model, context.processGroup())
              .loss(Loss.l2Loss())
              .optimizer(ResumableOptimizer.adam(Adam.builder()))
              .inputShapes(new Shape(1, 1))
              .build()) {
        for (var batch : loader) {
          try (var tensors = batch.toNDList(model.getNDManager())) {
            loss = trainer.step(tensors.subNDList(0, 1), tensors.subNDList(1)).loss();
          }
        }
      }
    }
    return loss;
  }
}
