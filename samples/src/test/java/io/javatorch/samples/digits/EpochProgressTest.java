package io.javatorch.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EpochProgressTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void saysRateAndTimeLeftOnceItIsTime() {
    var progress = new EpochProgress(2, 100, 64);
    progress.resume(0);

    assertThat(progress.step(0, 1, 3, SECOND)).isEmpty();
    assertThat(progress.step(0, 2, 1, 2 * SECOND))
        .contains(
            "epoch 1/2  step 2/100  loss 2.0000  64 samples/s  epoch ends in 1:38, training in"
                + " 3:18");
    assertThat(progress.step(0, 3, 1, 3 * SECOND)).isEmpty();
  }

  @Test
  void saysSomethingAtTheEndOfEveryEpoch() {
    var progress = new EpochProgress(2, 1, 10);
    progress.resume(0);

    assertThat(progress.step(0, 1, 1, 1)).get().asString().contains("epoch 1/2  step 1/1");
  }

  @Test
  void leavesPausesOutOfTheRate() {
    var progress = new EpochProgress(1, 10, 8);
    progress.resume(0);
    var unused = progress.step(0, 1, 1, SECOND);
    progress.pause(SECOND);
    progress.resume(100 * SECOND);
    unused = progress.step(0, 2, 1, 101 * SECOND);
    progress.pause(101 * SECOND);

    assertThat(progress.samplesPerSecond()).isEqualTo(8);
  }
}
