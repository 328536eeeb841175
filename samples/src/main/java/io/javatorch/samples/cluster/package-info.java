/**
 * A Spark standalone cluster on this machine, of real master, worker and executor processes, for
 * programs and tests that have no cluster at hand.
 */
package io.javatorch.samples.cluster;
