package io.javatorch.samples.digits;

import java.io.Serializable;

/**
 * What one rank has to say of a training run.
 *
 * @param rank the rank
 * @param worldSize number of ranks
 * @param firstStep steps that were done before this run, by the one whose checkpoint it resumed
 * @param losses mean loss over all ranks' samples at each step of this run
 * @param accuracy share of the held-out images that are classified right, 0 to 1
 * @param heldOut number of held-out images
 * @param samplesPerSecond over all ranks, without start, evaluation and checkpoints
 * @param parametersHash SHA-256 of the bits of all parameters at the end, in hexadecimal
 */
@SuppressWarnings("ArrayRecordComponent") // A plain carrier; nobody compares two of them.
public record TrainingReport(
    int rank,
    int worldSize,
    int firstStep,
    double[] losses,
    double accuracy,
    long heldOut,
    double samplesPerSecond,
    String parametersHash)
    implements Serializable {
  private static final long serialVersionUID = 1L;
}
