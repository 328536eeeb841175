/**
 * Brings a job's ranks up and down: the barrier stage, one worker process a rank, the channels
 * between driver, executor and worker, logs and failures. {@link
 * io.javatorch.distributor.launch.JobLauncher} is the way in; {@link
 * io.javatorch.distributor.launch.WorkerMain} is where a worker process starts.
 *
 * <pre>
 *   driver                      executor (barrier task)            worker JVM
 *   JobLauncher                 RankTask                           WorkerMain
 *     DriverServer  <─ sealed ─   DriverLink                         training function
 *       job order, credentials →  RankProcess ── stdin: secret ──→     WorkerContext
 *       logs, failures ←            loopback, sealed: start, result ←→  ProcessGroup ←→ peers
 *                               rank 0: Rendezvous  ←─ sealed ─────  every worker joins here
 * </pre>
 */
package io.javatorch.distributor.launch;
