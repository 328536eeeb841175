/**
 * The command line for data sets, {@code bin/mds}. What belongs here parses arguments and prints;
 * the work is done elsewhere.
 */
package io.javatorch.streaming.tool;
