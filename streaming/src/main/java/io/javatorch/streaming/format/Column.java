package io.javatorch.streaming.format;

/**
 * A column of a shard.
 *
 * @param name its name
 * @param encoding its encoding's name, such as {@code str}, {@code int} or {@code float32}
 */
public record Column(String name, String encoding) {}
