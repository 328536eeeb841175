/**
 * Which row goes into which part of an MDS data set, and in which order: a global shuffle, and
 * parts of equal size. DataFrame to DataFrame; {@link io.javatorch.conversion.layout.RowLayout} is
 * the entry.
 */
package io.javatorch.conversion.layout;
