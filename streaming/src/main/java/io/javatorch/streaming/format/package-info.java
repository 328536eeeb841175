/**
 * The files of a data set: shards in the MDS format (version 2), their index, and the encodings of
 * their columns, equal to the Python library's byte for byte where that is deterministic. What
 * belongs here reads or writes such files on a local disk; fetching, caching and ordering them does
 * not.
 *
 * <p>Everything read is untrusted: faults in it surface as {@link
 * io.javatorch.streaming.format.MalformedShardException} and as nothing else.
 */
package io.javatorch.streaming.format;
