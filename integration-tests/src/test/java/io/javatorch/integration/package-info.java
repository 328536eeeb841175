/** Whole jobs on real clusters of processes, and what must hold when their parts are killed. */
package io.javatorch.integration;
