/**
 * Where data sets are stored: a small interface to the files of a store, found by the scheme of
 * their location. Here is the local file system; other stores register themselves.
 */
package io.javatorch.streaming.storage;
