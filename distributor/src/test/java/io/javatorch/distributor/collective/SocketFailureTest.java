package io.javatorch.distributor.collective;

class SocketFailureTest extends FailureTest {
  @Override
  boolean sharedMemory() {
    return false;
  }
}
