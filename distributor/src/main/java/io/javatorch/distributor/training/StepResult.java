package io.javatorch.distributor.training;

/**
 * What one training step did, the same bits on every rank.
 *
 * @param step how many updates the parameters have had, this one included
 * @param loss the loss before the update, averaged over the samples of all ranks; NaN if there were
 *     none
 * @param samples the samples of all ranks in this step; 0 means that no rank had any and nothing
 *     was updated
 */
public record StepResult(long step, double loss, long samples) {}
