/**
 * The digit classifier of the quick start: a data set of rendered digits that needs no download, a
 * small convolutional network, and the function that every rank runs to train and evaluate it.
 */
package io.javatorch.samples.digits;
