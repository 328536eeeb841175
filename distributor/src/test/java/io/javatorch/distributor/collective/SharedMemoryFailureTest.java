package io.javatorch.distributor.collective;

class SharedMemoryFailureTest extends FailureTest {
  @Override
  boolean sharedMemory() {
    return true;
  }
}
