/**
 * Where data sets are stored: a small interface to the files of a store, found by the scheme of
 * their location. Here are the local file system, whatever Hadoop knows, and the volumes of Unity
 * Catalog; other stores register themselves. {@link io.javatorch.streaming.storage.Downloader} and
 * {@link io.javatorch.streaming.storage.Uploader} try again what a store fails at.
 */
package io.javatorch.streaming.storage;
