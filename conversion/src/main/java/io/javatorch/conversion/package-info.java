/** Turns Spark DataFrames into MDS shards. The one module that knows both Spark SQL and MDS. */
package io.javatorch.conversion;
