/**
 * Data-parallel training of DJL blocks on the PyTorch engine: {@link
 * io.javatorch.distributor.training.DataParallelTrainer} and what belongs to its step.
 * Communication goes through {@link io.javatorch.distributor.collective.ProcessGroup} alone;
 * nothing here knows Spark.
 */
package io.javatorch.distributor.training;
