package io.javatorch.samples.digits;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * Lines about how training goes: one whenever {@link #INTERVAL} has passed, and one at the end of
 * an epoch. Rates leave out the time between {@link #pause} and {@link #resume}.
 */
final class EpochProgress {
  private static final Duration INTERVAL = Duration.ofSeconds(2);

  private final int epochs;
  private final int stepsPerEpoch;
  private final int samplesPerStep;
  private long runNanos;
  private int runSteps;
  private long since;
  private long lastLine;
  private double lossSum;
  private int lossCount;

  EpochProgress(int epochs, int stepsPerEpoch, int samplesPerStep) {
    this.epochs = epochs;
    this.stepsPerEpoch = stepsPerEpoch;
    this.samplesPerStep = samplesPerStep;
  }

  /** Starts the clock again. */
  void resume(long now) {
    since = now;
    lastLine = now;
  }

  /** Stops the clock. */
  void pause(long now) {
    runNanos += now - since;
  }

  /**
   * Counts a step.
   *
   * @param epoch from 0
   * @param step steps done in this epoch
   * @param now {@link System#nanoTime}
   * @return a line to show, if it is time for one
   */
  Optional<String> step(int epoch, int step, double loss, long now) {
    runSteps++;
    lossSum += loss;
    lossCount++;
    boolean endOfEpoch = step == stepsPerEpoch;
    if (!endOfEpoch && now - lastLine < INTERVAL.toNanos()) {
      return Optional.empty();
    }
    lastLine = now;
    double seconds = (runNanos + now - since) / 1e9;
    double stepsPerSecond = runSteps / Math.max(seconds, 1e-9);
    var line =
        String.format(
            Locale.ROOT,
            "epoch %d/%d  step %d/%d  loss %.4f  %,.0f samples/s  epoch ends in %s, training in %s",
            epoch + 1,
            epochs,
            step,
            stepsPerEpoch,
            lossSum / lossCount,
            stepsPerSecond * samplesPerStep,
            clock((stepsPerEpoch - step) / stepsPerSecond),
            clock(((long) (epochs - epoch) * stepsPerEpoch - step) / stepsPerSecond));
    lossSum = 0;
    lossCount = 0;
    return Optional.of(line);
  }

  /** Samples over all ranks in a second of training; the clock must be stopped. */
  double samplesPerSecond() {
    return runNanos == 0 ? 0 : (double) runSteps * samplesPerStep / (runNanos / 1e9);
  }

  private static String clock(double seconds) {
    long whole = Math.round(seconds);
    return String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60);
  }
}
