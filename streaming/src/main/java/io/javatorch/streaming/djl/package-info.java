/** Batches of a streaming data set as DJL tensors. */
package io.javatorch.streaming.djl;
