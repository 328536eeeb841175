package io.javatorch.distributor.launch;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The driver's end of a job: hands the order, credentials included, to each task that proves the
 * job's secret, and takes its logs and failures.
 */
final class DriverServer implements Closeable {
  private final Message.JobOrder order;
  private final RankLogs logs;
  private final FailureLog failures;
  private final CredentialsDesk credentials;
  private int openChannels;
  private SealedServer server;

  private DriverServer(
      Message.JobOrder order, RankLogs logs, FailureLog failures, CredentialsDesk credentials) {
    this.order = order;
    this.logs = logs;
    this.failures = failures;
    this.credentials = credentials;
  }

  static DriverServer start(
      InetAddress address,
      JobSecret secret,
      Message.JobOrder order,
      RankLogs logs,
      FailureLog failures,
      CredentialsDesk credentials)
      throws IOException {
    var driver = new DriverServer(order, logs, failures, credentials);
    driver.server = SealedServer.start("javatorch-driver", address, secret, driver::serve);
    return driver;
  }

  int port() {
    return server.port();
  }

  private void serve(SealedChannel channel) throws IOException {
    count(1);
    try {
      Message.expect(Message.Hello.class, channel);
      order.sendOver(channel);
      for (var message = Message.receiveFrom(channel);
          message.isPresent();
          message = Message.receiveFrom(channel)) {
        if (message.get() instanceof Message.LogLines lines) {
          logs.lines(lines.rank(), lines.stream(), lines.lines());
        } else if (message.get() instanceof Message.RankFailed failed) {
          failures.add(failed.failure());
        } else if (message.get() instanceof Message.CredentialsQuestion question) {
          credentials.take(question, answer -> answer.sendOver(channel));
        }
      }
    } finally {
      count(-1);
    }
  }

  private synchronized void count(int change) {
    openChannels += change;
    notifyAll();
  }

  /**
   * Waits until every task has closed its channel, which it does last of all: its process is gone
   * and all its lines are here. False when time runs out.
   */
  synchronized boolean awaitTasksGone(Duration time) throws InterruptedException {
    long deadline = System.nanoTime() + time.toNanos();
    while (openChannels > 0) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  @Override
  public void close() {
    server.close();
  }
}
