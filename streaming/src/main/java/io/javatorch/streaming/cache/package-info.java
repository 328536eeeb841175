/**
 * Shards on this host's disk in the form that they are read: decompressed once and shared by all
 * processes of the host. Coordination is by file locks, which the system releases when a process
 * dies, and by renames, so that nothing stale is left by a crash.
 */
package io.javatorch.streaming.cache;
