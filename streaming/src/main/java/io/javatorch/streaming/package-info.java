/**
 * Streams MDS shards into training: the data set, its loader, the world it is divided over and the
 * state it resumes from. Knows nothing of Spark.
 */
package io.javatorch.streaming;
