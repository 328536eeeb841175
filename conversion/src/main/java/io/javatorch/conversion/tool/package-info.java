/** The conversion as a program, for {@code spark-submit} and {@code bin/convert}. */
package io.javatorch.conversion.tool;
