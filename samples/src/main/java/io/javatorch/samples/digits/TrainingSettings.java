package io.javatorch.samples.digits;

import java.io.Serializable;

/**
 * What every rank needs to know to train the classifier; all paths must be the same directories on
 * every machine.
 *
 * @param trainDirectory MDS data set to train on
 * @param heldOutDirectory MDS data set to evaluate on
 * @param imageColumn name of the column of encoded images
 * @param labelColumn name of the column of classes
 * @param classes number of classes
 * @param epochs how often to go through the training set
 * @param batchSizePerRank samples a step on each rank
 * @param learningRate of Adam, at the first step; it falls to almost 0 by the last
 * @param seed of the initial parameters and the order of samples
 * @param checkpointDirectory where checkpoints go
 * @param checkpointEverySteps steps between checkpoints, at least 1; there is one more at the end
 * @param resumeFrom step of the checkpoint to go on from, or 0 to begin anew
 */
public record TrainingSettings(
    String trainDirectory,
    String heldOutDirectory,
    String imageColumn,
    String labelColumn,
    int classes,
    int epochs,
    int batchSizePerRank,
    float learningRate,
    long seed,
    String checkpointDirectory,
    int checkpointEverySteps,
    long resumeFrom)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** The same training, gone on with after {@code step} steps. */
  public TrainingSettings resumingFrom(long step) {
    return new TrainingSettings(
        trainDirectory,
        heldOutDirectory,
        imageColumn,
        labelColumn,
        classes,
        epochs,
        batchSizePerRank,
        learningRate,
        seed,
        checkpointDirectory,
        checkpointEverySteps,
        step);
  }
}
