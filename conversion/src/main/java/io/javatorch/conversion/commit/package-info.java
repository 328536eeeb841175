/**
 * Brings the shards of many tasks into one directory of any store, so that a reader sees all of
 * them or none.
 *
 * <p>A shard's name has a hash of its bytes, so that tasks put shards where they belong at once and
 * attempts cannot harm each other. What makes a data set of them is the root's {@code index.json},
 * which the driver puts last. {@link io.javatorch.conversion.commit.TargetJob} is the driver's
 * side, {@link io.javatorch.conversion.commit.AttemptWriter} that of a task.
 *
 * <p>A store must replace the index in one step for readers to see the old one or the new one at
 * any time. Local directories, HDFS, S3 and the other stores that Hadoop writes in place, and
 * volumes do. Hadoop's other file systems, ABFS among them, delete the old file and then rename the
 * new one: readers may find no index for a moment, and if the second step fails, the driver puts
 * the old index back. A driver that dies in between leaves the new index under a temporary name,
 * which the next job refuses to take for nothing.
 */
package io.javatorch.conversion.commit;
