/**
 * Follows the Spark stage that writes shards; {@link
 * io.javatorch.conversion.progress.StageProgress} is the entry. Knows nothing of MDS.
 */
package io.javatorch.conversion.progress;
