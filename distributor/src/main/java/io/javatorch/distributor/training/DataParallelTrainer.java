package io.javatorch.distributor.training;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;
import io.javatorch.distributor.checkpoint.Checkpoint;
import io.javatorch.distributor.checkpoint.Checkpoint.OptimizerSnapshot;
import io.javatorch.distributor.checkpoint.CheckpointStore;
import io.javatorch.distributor.checkpoint.SavedTensor;
import io.javatorch.distributor.collective.ProcessGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a DJL block on all ranks of a process group: each rank computes the gradients of its own
 * samples, the gradients are averaged over the samples of all ranks, and each rank makes the same
 * update. Parameters are the same bits on every rank after every step.
 *
 * <pre>{@code
 * try (var trainer =
 *     DataParallelTrainer.builder(model, context.processGroup())
 *         .loss(Loss.softmaxCrossEntropyLoss())
 *         .optimizer(ResumableOptimizer.adam(Adam.builder()))
 *         .inputShapes(new Shape(1, 1, 28, 28))
 *         .build()) {
 *   for (NDList[] batch : batches) {
 *     StepResult result = trainer.step(batch[0], batch[1]);
 *   }
 * }
 * }</pre>
 *
 * <p>Construction broadcasts rank 0's parameters, so that ranks need not share a seed. The running
 * statistics of batch normalisation are averaged over the ranks after each step; the normalisation
 * itself sees one rank's samples, as it does in PyTorch's DistributedDataParallel.
 *
 * <p>All ranks must make the same calls in the same order: construction, {@link #step}, {@link
 * #checkRanksAgree} and restoring are collective. One thread at a time. The trainer owns its
 * optimizer's state and its buffers; model and group stay the caller's. How many threads PyTorch
 * uses is left to OMP_NUM_THREADS.
 *
 * <p>DJL downloads native libraries and reports its use to its makers unless told otherwise: run
 * with {@code -Dai.djl.offline=true -DOPT_OUT_TRACKING=true}, as workers of this project do.
 */
public final class DataParallelTrainer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DataParallelTrainer.class);

  /** What {@link StepResult} is made from: step, samples, mean loss. */
  private static final int REPORT_BYTES = 3 * Long.BYTES;

  private final ProcessGroup group;
  private final Block block;
  private final Loss loss;
  private final Optimizer optimizer;
  private final ResumableOptimizer resumable;
  private final double maxGradientNorm;
  private final Long seed;
  private final NDManager manager;
  private final ParameterStore store;
  private final List<NamedParameter> parameters;
  private final List<NamedParameter> trained;
  private final List<NamedParameter> statistics;
  private final TensorBuckets gradients;
  private final TensorBuckets averagedStatistics;

  /** Arrays over the memory of {@link #gradients}, if the parameters are on the CPU. */
  private final List<NDArray> averagedGradients = new ArrayList<>();

  private long step;

  /** Samples whose gradients, summed, are in the parameters and have not been used. */
  private long accumulatedSamples;

  private double accumulatedLoss;

  private DataParallelTrainer(Builder builder) {
    group = builder.group;
    block = builder.block;
    loss = Objects.requireNonNull(builder.loss, "no loss was given");
    resumable = builder.resumable;
    optimizer = Objects.requireNonNull(builder.optimizer, "no optimizer was given");
    maxGradientNorm = builder.maxGradientNorm;
    seed = builder.seed;
    if (builder.inputShapes != null && !block.isInitialized()) {
      block.initialize(builder.manager, builder.dataType, builder.inputShapes);
    }
    parameters = parametersOf(block);
    trained = parameters.stream().filter(p -> p.parameter().requiresGradient()).toList();
    statistics = parameters.stream().filter(NamedParameter::isRunningStatistic).toList();
    if (trained.isEmpty()) {
      throw new TrainingException(
          "the block has no parameter to train: a TorchScript model must be loaded with"
              + " trainParam=true");
    }
    checkSameModel();
    parameters.forEach(p -> TensorMemory.checkWritable(p.name(), p.array()));
    gradients = new TensorBuckets(trained, builder.firstBucketBytes, builder.bucketBytes);
    averagedStatistics =
        new TensorBuckets(statistics, builder.firstBucketBytes, builder.bucketBytes);
    manager = builder.manager.newSubManager();
    store = new ParameterStore(manager, false);
    try {
      broadcastParameters();
      for (int i = 0; i < trained.size(); i++) {
        NDArray array = trained.get(i).array();
        if (TensorMemory.onCpu(array)) {
          averagedGradients.add(gradients.asArray(manager, i, array));
        }
      }
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** A trainer of a model's block; the model is initialised if it is not yet. */
  public static Builder builder(Model model, ProcessGroup group) {
    return new Builder(model.getBlock(), model.getNDManager(), model.getDataType(), group);
  }

  /**
   * A trainer of a block.
   *
   * @param manager of the device to train on; what the trainer allocates is freed with it at the
   *     latest
   */
  public static Builder builder(Block block, NDManager manager, ProcessGroup group) {
    return new Builder(block, manager, DataType.FLOAT32, group);
  }

  private static List<NamedParameter> parametersOf(Block block) {
    List<NamedParameter> parameters = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Pair<String, Parameter> pair : block.getParameters()) {
      if (!pair.getValue().isInitialized()) {
        throw new TrainingException(
            "parameter "
                + pair.getKey()
                + " is not initialised: give inputShapes(...) or initialise the block before");
      }
      if (!names.add(pair.getKey())) {
        throw new TrainingException("two parameters are named " + pair.getKey());
      }
      parameters.add(new NamedParameter(pair.getKey(), pair.getValue()));
    }
    return parameters;
  }

  /**
   * One step over this rank's part of the batch, together with what {@link #accumulate} has
   * gathered: forward, backward, average, update. A collective call.
   *
   * @param data inputs of the block; the first dimension of the first is the number of samples,
   *     which may differ from rank to rank and may be zero
   * @param labels what the loss compares the predictions with
   * @return the same on all ranks
   * @throws io.javatorch.distributor.collective.CollectiveException if a rank is lost
   */
  public StepResult step(NDList data, NDList labels) {
    long samples = samplesOf(data);
    if (accumulatedSamples > 0) {
      accumulate(data, labels);
      return average(accumulatedSamples, accumulatedLoss / accumulatedSamples, true);
    }
    if (samples == 0) {
      return stepWithoutSamples();
    }
    double value = forwardAndBackward(data, labels, 1);
    return average(samples, value, false);
  }

  /**
   * Takes part in a step with no samples of its own, as a rank does that has run out of data before
   * the others. Once all ranks have, the result's {@link StepResult#samples} is 0 and nothing is
   * updated. A collective call.
   */
  public StepResult stepWithoutSamples() {
    if (accumulatedSamples > 0) {
      return average(accumulatedSamples, accumulatedLoss / accumulatedSamples, true);
    }
    return average(0, 0, false);
  }

  /**
   * Adds the gradients of these samples to those that the next {@link #step} uses, without talking
   * to the other ranks. Every sample weighs the same, in however many parts the batch is computed.
   *
   * @return the mean loss of these samples; NaN if there are none
   */
  public double accumulate(NDList data, NDList labels) {
    long samples = samplesOf(data);
    if (samples == 0) {
      return Double.NaN;
    }
    // Sums rather than means, so that parts of different sizes add up.
    double value = forwardAndBackward(data, labels, (float) samples);
    accumulatedSamples += samples;
    accumulatedLoss += value * samples;
    return value;
  }

  private static long samplesOf(NDList data) {
    if (data.isEmpty()) {
      return 0;
    }
    Shape shape = data.head().getShape();
    if (shape.dimension() == 0) {
      throw new IllegalArgumentException("the data has no batch dimension: it is a scalar");
    }
    return shape.get(0);
  }

  private double forwardAndBackward(NDList data, NDList labels, float gradientOfLoss) {
    try (NDManager scope = manager.newSubManager()) {
      // Results are made by the manager of the operands: now freed with the scope.
      scope.tempAttachAll(data, labels);
      if (seed != null) {
        Engine.getInstance().setRandomSeed(Math.toIntExact(mix(seed) & 0x7fffffff));
      }
      return withGradMode(
          true,
          () -> {
            NDList predictions = block.forward(store, data, labels, null);
            NDArray value = loss.evaluate(labels, predictions);
            if (value.size() != 1) {
              throw new TrainingException(
                  "the loss has shape " + value.getShape() + "; it must be one number");
            }
            NDArray one = value.onesLike();
            NDArray start = gradientOfLoss == 1 ? one : one.mul(gradientOfLoss);
            JniUtils.backward((PtNDArray) value, (PtNDArray) start, false, false);
            return value.getDataType() == DataType.FLOAT64
                ? value.toDoubleArray()[0]
                : value.toType(DataType.FLOAT32, false).toFloatArray()[0];
          });
    }
  }

  /** A seed for this step, this part of it and this rank (SplitMix64's finaliser). */
  private long mix(long base) {
    long z = base + 0x9e3779b97f4a7c15L * (step + 1);
    z += 0xbf58476d1ce4e5b9L * (accumulatedSamples * group.worldSize() + group.rank());
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** What a rank brings to a step. */
  private record Report(long step, long samples, double loss) {
    byte[] encode() {
      return ByteBuffer.allocate(REPORT_BYTES)
          .putLong(step)
          .putLong(samples)
          .putDouble(loss)
          .array();
    }

    static Report decode(byte[] bytes) {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      return new Report(in.getLong(), in.getLong(), in.getDouble());
    }
  }

  private StepResult average(long samples, double meanLoss, boolean summed) {
    List<Report> reports =
        group.allGather(new Report(step, samples, meanLoss).encode()).stream()
            .map(Report::decode)
            .toList();
    long all = 0;
    double lossSum = 0;
    boolean even = true;
    for (int rank = 0; rank < reports.size(); rank++) {
      Report report = reports.get(rank);
      if (report.step() != step) {
        throw new TrainingException(
            "rank "
                + rank
                + " has made "
                + report.step()
                + " steps, rank "
                + group.rank()
                + " "
                + step
                + ": all must restore the same checkpoint");
      }
      all += report.samples();
      even &= report.samples() == samples;
    }
    if (all == 0) {
      return new StepResult(step, Double.NaN, 0);
    }
    for (Report report : reports) {
      if (report.samples() > 0) {
        lossSum += even ? report.loss() : report.loss() * report.samples();
      }
    }
    double globalLoss = lossSum / (even ? group.worldSize() : all);
    double share = (double) samples * group.worldSize() / all;
    averageGradients((float) (summed && samples > 0 ? share / samples : share));
    update();
    averageStatistics((float) share);
    step++;
    accumulatedSamples = 0;
    accumulatedLoss = 0;
    return new StepResult(step, globalLoss, all);
  }

  private void averageGradients(float weight) {
    try (NDManager scope = manager.newSubManager()) {
      gradients.average(
          group,
          index -> {
            NDArray gradient = trained.get(index).array().getGradient();
            // A new wrapper each time, on the parameter's manager: freed with the scope.
            gradient.attach(scope);
            return TensorMemory.read(gradient, scope);
          },
          weight);
    }
    if (maxGradientNorm > 0) {
      double norm = gradients.norm();
      if (norm > maxGradientNorm) {
        gradients.scaleAverages((float) (maxGradientNorm / (norm + 1e-6)));
      }
    }
  }

  private void update() {
    try (NDManager scope = manager.newSubManager()) {
      withGradMode(
          false,
          () -> {
            for (int i = 0; i < trained.size(); i++) {
              NamedParameter parameter = trained.get(i);
              NDArray array = parameter.array();
              NDArray gradient =
                  averagedGradients.isEmpty()
                      ? gradients.asArray(scope, i, array)
                      : averagedGradients.get(i);
              // DJL's update also zeroes the parameter's own gradient.
              optimizer.update(parameter.name(), array, gradient);
            }
            return null;
          });
    }
  }

  private void averageStatistics(float weight) {
    if (statistics.isEmpty() || group.worldSize() == 1) {
      return;
    }
    try (NDManager scope = manager.newSubManager()) {
      averagedStatistics.average(
          group, index -> TensorMemory.read(statistics.get(index).array(), scope), weight);
    }
    for (int i = 0; i < statistics.size(); i++) {
      TensorMemory.write(statistics.get(i).array(), averagedStatistics.averaged(i));
    }
  }

  /**
   * Applies the block as in use, not in training: no gradients, no dropout, running statistics. Not
   * collective.
   *
   * @return the predictions, on the data's manager
   */
  public NDList predict(NDList data) {
    return withGradMode(false, () -> block.forward(store, data, false));
  }

  /**
   * The loss on held-out data, without changing anything. Not collective: see {@link MetricSums}
   * for adding up over ranks.
   *
   * @return the mean loss over the samples given
   */
  public double evaluateLoss(NDList data, NDList labels) {
    try (NDManager scope = manager.newSubManager()) {
      scope.tempAttachAll(data, labels);
      return withGradMode(
          false,
          () -> {
            NDArray value = loss.evaluate(labels, block.forward(store, data, false));
            return (double) value.toType(DataType.FLOAT32, false).toFloatArray()[0];
          });
    }
  }

  private static <T> T withGradMode(boolean enabled, Supplier<T> body) {
    // PyTorch keeps this per thread; a new thread starts with true, DJL's main thread with false.
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(enabled);
    try {
      return body.get();
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  /** How many updates the parameters have had. */
  public long step() {
    return step;
  }

  /**
   * SHA-256 over names, types, shapes and bytes of all parameters, in lower-case hex: equal if and
   * only if the models are. Not collective.
   */
  public String parametersHash() {
    MessageDigest digest = sha256();
    try (NDManager scope = manager.newSubManager()) {
      for (NamedParameter parameter : parameters) {
        NDArray array = parameter.array();
        digest.update(signature(parameter).getBytes(StandardCharsets.UTF_8));
        digest.update(TensorMemory.read(array, scope));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Checks that all ranks hold the same parameters, bit for bit. A collective call.
   *
   * @return the common hash
   * @throws TrainingException on all ranks if they do not; it names the ranks that differ from the
   *     majority
   */
  public String checkRanksAgree() {
    String mine = parametersHash();
    checkEqual("hold other parameters", mine);
    return mine;
  }

  private void checkSameModel() {
    var signatures = new StringBuilder();
    parameters.forEach(parameter -> signatures.append(signature(parameter)));
    MessageDigest digest = sha256();
    digest.update(signatures.toString().getBytes(StandardCharsets.UTF_8));
    checkEqual(
        "have a model of other parameter names, types or shapes",
        HexFormat.of().formatHex(digest.digest()));
  }

  private static String signature(NamedParameter parameter) {
    NDArray array = parameter.array();
    return parameter.name()
        + ' '
        + array.getDataType()
        + ' '
        + array.getShape()
        + ' '
        + parameter.parameter().requiresGradient()
        + '\n';
  }

  private void checkEqual(String what, String mine) {
    List<String> all =
        group.allGather(mine.getBytes(StandardCharsets.UTF_8)).stream()
            .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
            .toList();
    String common =
        all.stream()
            .max(
                (a, b) ->
                    Long.compare(
                        all.stream().filter(a::equals).count(),
                        all.stream().filter(b::equals).count()))
            .orElse(mine);
    List<Integer> others = new ArrayList<>();
    for (int rank = 0; rank < all.size(); rank++) {
      if (!all.get(rank).equals(common)) {
        others.add(rank);
      }
    }
    if (!others.isEmpty()) {
      throw new TrainingException(
          "ranks " + others + " " + what + " than most ranks (after step " + step + ")");
    }
  }

  private void broadcastParameters() {
    if (group.worldSize() == 1) {
      return;
    }
    for (NamedParameter parameter : parameters) {
      NDArray array = parameter.array();
      if (TensorMemory.onCpu(array)) {
        group.broadcast(TensorMemory.memory(array), 0);
      } else {
        try (NDManager scope = manager.newSubManager()) {
          ByteBuffer bytes = TensorMemory.read(array, scope);
          group.broadcast(bytes, 0);
          TensorMemory.write(array, bytes);
        }
      }
    }
  }

  /**
   * Copies what a checkpoint holds of this trainer: parameters, optimizer, step, seed, world size.
   * The caller adds epoch and loader state. The same on every rank, so that one rank may save it.
   * Not collective.
   *
   * @throws TrainingException if the optimizer is not a {@link ResumableOptimizer}, or gradients
   *     have been accumulated and not used
   */
  public Checkpoint.Builder capture() {
    if (resumable == null) {
      throw new TrainingException(
          "the state of "
              + optimizer.getClass().getName()
              + " cannot be saved: build it with ResumableOptimizer");
    }
    if (accumulatedSamples > 0) {
      throw new TrainingException(
          "gradients of " + accumulatedSamples + " samples wait for a step: save after it");
    }
    Map<String, SavedTensor> tensors = new LinkedHashMap<>();
    for (NamedParameter parameter : parameters) {
      tensors.put(parameter.name(), TensorMemory.save(parameter.name(), parameter.array()));
    }
    OptimizerState state = resumable.state();
    Checkpoint.Builder checkpoint =
        Checkpoint.builder()
            .step(step)
            .worldSize(group.worldSize())
            .parameters(tensors)
            .optimizer(new OptimizerSnapshot(resumable.name(), state.updates(), state.save()));
    if (seed != null) {
      checkpoint.seed(seed);
    }
    return checkpoint;
  }

  /**
   * Goes on from a checkpoint: parameters, optimizer and step become what they were. On as many
   * ranks as there were, with the same data and {@link Builder#seed}, the steps that follow give
   * the same bits. A collective call, with the same checkpoint on every rank.
   *
   * @throws TrainingException if the checkpoint is of another model or optimizer; nothing is
   *     changed then; or if the ranks did not restore the same
   */
  public void restore(Checkpoint checkpoint) {
    if (resumable == null) {
      throw new TrainingException(
          "the state of " + optimizer.getClass().getName() + " cannot be restored");
    }
    OptimizerSnapshot snapshot =
        checkpoint
            .optimizer()
            .orElseThrow(() -> new TrainingException("the checkpoint holds no optimizer"));
    if (!snapshot.name().equals(resumable.name())) {
      throw new TrainingException(
          "the checkpoint is of optimizer "
              + snapshot.name()
              + ", the trainer has "
              + resumable.name());
    }
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    parameters.forEach(parameter -> arrays.put(parameter.name(), parameter.array()));
    if (!arrays.keySet().equals(checkpoint.parameters().keySet())) {
      Set<String> lacking = new TreeSet<>(arrays.keySet());
      lacking.removeAll(checkpoint.parameters().keySet());
      Set<String> unknown = new TreeSet<>(checkpoint.parameters().keySet());
      unknown.removeAll(arrays.keySet());
      throw new TrainingException(
          "the checkpoint is of another model: it lacks " + lacking + " and adds " + unknown);
    }
    checkpoint
        .parameters()
        .forEach((name, saved) -> TensorMemory.checkFits(name, arrays.get(name), saved));
    snapshot.tensors().forEach((key, saved) -> resumable.state().checkFits(key, arrays, saved));
    checkpoint
        .parameters()
        .forEach((name, saved) -> TensorMemory.write(arrays.get(name), saved.data()));
    resumable.state().restore(snapshot.updates(), snapshot.tensors());
    if (accumulatedSamples > 0) {
      zeroGradients();
    }
    step = checkpoint.step();
    accumulatedSamples = 0;
    accumulatedLoss = 0;
    if (checkpoint.seed().isPresent() && !Objects.equals(seed, checkpoint.seed().getAsLong())) {
      LOG.warn(
          "The checkpoint was made with seed {}, this trainer has {}: dropout will differ",
          checkpoint.seed().getAsLong(),
          seed);
    }
    checkRanksAgree();
  }

  private void zeroGradients() {
    for (var parameter : trained) {
      try (var gradient = parameter.array().getGradient()) {
        TensorMemory.zero(gradient);
      }
    }
  }

  /**
   * Goes on from the latest checkpoint that rank 0 finds in its store, if there is one. The other
   * ranks get it from rank 0 and need not be able to read the store. A collective call.
   *
   * @param store looked at on rank 0 alone
   * @return what was restored; empty if the store holds no whole checkpoint
   */
  public Optional<Checkpoint> restoreLatest(CheckpointStore store) {
    Optional<Checkpoint> found = Optional.empty();
    if (group.rank() == 0) {
      try {
        found = store.latest();
      } catch (IOException e) {
        // The other ranks learn of it by this rank's leaving the group.
        throw new UncheckedIOException("the checkpoints cannot be read", e);
      }
    }
    Optional<Checkpoint> checkpoint = Checkpoint.broadcast(found, group);
    checkpoint.ifPresent(this::restore);
    return checkpoint;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Frees what the trainer allocated, the optimizer's state included. The model stays. */
  @Override
  public void close() {
    if (resumable != null) {
      resumable.close();
    }
    manager.close();
  }

  /** Settings of a {@link DataParallelTrainer}. */
  public static final class Builder {
    private final Block block;
    private final NDManager manager;
    private final DataType dataType;
    private final ProcessGroup group;
    private Loss loss;
    private Optimizer optimizer;
    private ResumableOptimizer resumable;
    private Shape[] inputShapes;
    private double maxGradientNorm;
    private Long seed;
    private int firstBucketBytes = 1 << 20;
    private int bucketBytes = 25 << 20;

    private Builder(Block block, NDManager manager, DataType dataType, ProcessGroup group) {
      this.block = Objects.requireNonNull(block, "block");
      this.manager = Objects.requireNonNull(manager, "manager");
      this.dataType = dataType;
      this.group = Objects.requireNonNull(group, "group");
    }

    /** The loss; it must give the mean over the samples, as DJL's losses do. Required. */
    public Builder loss(Loss value) {
      loss = value;
      return this;
    }

    /** The optimizer, of a kind that a checkpoint can hold. */
    public Builder optimizer(ResumableOptimizer value) {
      resumable = value;
      optimizer = value.optimizer();
      return this;
    }

    /** Any DJL optimizer that works on PyTorch; its state cannot be saved. */
    public Builder optimizer(Optimizer value) {
      resumable = null;
      optimizer = value;
      return this;
    }

    /** Shapes of the inputs, to initialise the block with if that has not been done. */
    public Builder inputShapes(Shape... values) {
      inputShapes = Arrays.copyOf(values, values.length);
      return this;
    }

    /**
     * Scales the averaged gradients down whenever their norm over all parameters is larger than
     * this. Default: no limit.
     */
    public Builder maxGradientNorm(double value) {
      if (!(value > 0)) {
        throw new IllegalArgumentException("the largest gradient norm must be positive: " + value);
      }
      maxGradientNorm = value;
      return this;
    }

    /**
     * Seeds the engine before every forward pass with a mix of this, the step and the rank, so that
     * dropout draws the same numbers in a run that is resumed. Default: the engine's random state
     * is left alone, and cannot be saved.
     */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /**
     * Sizes of the buffers in which gradients travel, in bytes. Default: 1 MiB for the first, 25
     * MiB for the others.
     */
    public Builder bucketBytes(int first, int others) {
      if (first <= 0 || others <= 0) {
        throw new IllegalArgumentException("bucket sizes must be positive");
      }
      firstBucketBytes = first;
      bucketBytes = others;
      return this;
    }

    /** Makes the trainer. A collective call: all ranks must build the same. */
    public DataParallelTrainer build() {
      return new DataParallelTrainer(this);
    }
  }
}
