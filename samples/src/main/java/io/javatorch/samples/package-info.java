/** Programs that a user copies and starts from. */
package io.javatorch.samples;
