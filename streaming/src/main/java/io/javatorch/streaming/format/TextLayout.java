package io.javatorch.streaming.format;

import java.util.Optional;

/**
 * How the rows of a shard in a text format are laid out.
 *
 * @param newline what ends a row
 * @param separator what stands between columns; the format's own for csv and tsv; none for json,
 *     whose rows are JSON objects
 */
public record TextLayout(String newline, Optional<String> separator) {}
