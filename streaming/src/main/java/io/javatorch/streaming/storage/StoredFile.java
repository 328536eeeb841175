package io.javatorch.streaming.storage;

/**
 * An entry of a store's directory.
 *
 * @param name its name in the directory, without a slash
 * @param isDirectory whether it is a directory
 * @param bytes a file's size; 0 for a directory
 */
public record StoredFile(String name, boolean isDirectory, long bytes) {}
