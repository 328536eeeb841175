/**
 * What a training job saves to go on later, as one file that is whole or not there: {@link
 * io.javatorch.distributor.checkpoint.Checkpoint} and {@link
 * io.javatorch.distributor.checkpoint.CheckpointStore}. Knows neither DJL nor the trainer; tensors
 * are names, types, shapes and bytes.
 */
package io.javatorch.distributor.checkpoint;
