package io.javatorch.samples;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CheckpointPlanTest {
  @Test
  void resumesNearTheMiddleOfTheRun() {
    assertThat(CheckpointPlan.of(400, 3)).isEqualTo(new CheckpointPlan(240, 480));
  }

  @Test
  void alwaysResumesFromACheckpointInTheMiddleOfAnEpoch() {
    for (int steps = 2; steps < 60; steps++) {
      for (int epochs = 1; epochs < 12; epochs++) {
        var plan = CheckpointPlan.of(steps, epochs);

        assertThat(plan.resumeFrom() % steps).as("%d x %d: %s", epochs, steps, plan).isNotZero();
        assertThat(plan.resumeFrom() % plan.everySteps()).isZero();
        assertThat(plan.resumeFrom()).isBetween(1, steps * epochs - 1);
      }
    }
  }
}
