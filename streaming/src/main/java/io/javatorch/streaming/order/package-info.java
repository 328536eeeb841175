/**
 * Which samples each rank and worker reads, in which order: NumPy's random generator, sampling,
 * shuffling, partitioning and batching, equal to the Python library's. Pure computation: no files,
 * no threads.
 */
package io.javatorch.streaming.order;
