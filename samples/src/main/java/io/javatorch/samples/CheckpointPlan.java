package io.javatorch.samples;

/**
 * Which steps of a run get a checkpoint, and which of these the second run resumes from.
 *
 * @param everySteps steps between checkpoints
 * @param resumeFrom a checkpoint in the middle of an epoch, near the middle of the run
 */
record CheckpointPlan(int everySteps, int resumeFrom) {
  /**
   * Plans a run.
   *
   * @param stepsPerEpoch at least 2
   * @param epochs at least 1
   */
  static CheckpointPlan of(int stepsPerEpoch, int epochs) {
    // At 0.6, 1.2, 1.8, ... epochs: the first few multiples never meet the end of an epoch.
    int every = Math.max(1, (int) Math.round(0.6 * stepsPerEpoch));
    int total = stepsPerEpoch * epochs;
    int best = every;
    for (int step = every; step < total; step += every) {
      if (step % stepsPerEpoch != 0 && Math.abs(2 * step - total) < Math.abs(2 * best - total)) {
        best = step;
      }
    }
    return new CheckpointPlan(every, best);
  }
}
