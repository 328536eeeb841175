/** The data source {@code mds} for {@code spark.read} and {@code df.write}. */
package io.javatorch.conversion.source;
