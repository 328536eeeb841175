/** Which Spark SQL types become which MDS encodings, and what to do about those that do not. */
package io.javatorch.conversion.schema;
