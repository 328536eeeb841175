/**
 * Brings the shards of many tasks into one directory of any store, so that a reader sees all of
 * them or none.
 *
 * <p>A shard's name has a hash of its bytes, so that tasks put shards where they belong at once and
 * attempts cannot harm each other. What makes a data set of them is the root's {@code index.json},
 * which the driver puts last. {@link io.javatorch.conversion.commit.TargetJob} is the driver's
 * side, {@link io.javatorch.conversion.commit.AttemptWriter} that of a task.
 */
package io.javatorch.conversion.commit;
