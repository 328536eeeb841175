package io.javatorch.distributor.collective;

class SocketProcessGroupTest extends ProcessGroupTest {
  @Override
  boolean sharedMemory() {
    return false;
  }
}
