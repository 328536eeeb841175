/**
 * Runs a training function as a barrier-mode Spark stage, one process a rank. This package holds
 * what a user calls; how it is done lives in the packages below.
 */
package io.javatorch.distributor;
