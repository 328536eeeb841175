/**
 * Compression and hashing by the names the Python library uses. What belongs here turns bytes into
 * bytes or into a digest and knows nothing of shards.
 */
package io.javatorch.streaming.codec;
