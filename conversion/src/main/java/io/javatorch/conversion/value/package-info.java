/** Values of Spark as values of MDS, and back; compiled once for the columns of a data set. */
package io.javatorch.conversion.value;
