package io.javatorch.distributor.launch;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The driver's end of a job: gives each task that proves the job's secret its rank and the order,
 * credentials included, and takes its logs and failures.
 */
final class DriverServer implements Closeable {
  private final Message.JobOrder order;
  private final Muster muster;
  private final RankLogs logs;
  private final FailureLog failures;
  private final CredentialsDesk credentials;
  private int openChannels;
  private SealedServer server;

  private DriverServer(
      Message.JobOrder order,
      int ranks,
      RankLogs logs,
      FailureLog failures,
      CredentialsDesk credentials) {
    this.order = order;
    this.muster = new Muster(ranks, order.startTimeout());
    this.logs = logs;
    this.failures = failures;
    this.credentials = credentials;
  }

  static DriverServer start(
      InetAddress address,
      JobSecret secret,
      Message.JobOrder order,
      int ranks,
      RankLogs logs,
      FailureLog failures,
      CredentialsDesk credentials)
      throws IOException {
    var driver = new DriverServer(order, ranks, logs, failures, credentials);
    driver.server = SealedServer.start("javatorch-driver", address, secret, driver::serve);
    return driver;
  }

  int port() {
    return server.port();
  }

  private void serve(SealedChannel channel) throws IOException {
    count(1);
    try {
      place(channel);
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

  private void place(SealedChannel channel) throws IOException {
    var hello = Message.expect(Message.Hello.class, channel);
    try {
      var world = muster.enter(hello.partition(), hello.host());
      new Message.Placed(world).sendOver(channel);
      order.sendOver(channel);
      if (world.rank() == 0) {
        muster.masterIsAt(Message.expect(Message.MasterAt.class, channel).address());
      }
      new Message.MasterAt(muster.master()).sendOver(channel);
    } catch (IOException e) {
      try {
        new Message.Dismissed(e.getMessage()).sendOver(channel);
      } catch (IOException gone) {
        e.addSuppressed(gone);
      }
      throw e;
    }
  }

  /** Lets no task wait for the others any longer: the job has failed. */
  void dismiss() {
    muster.close();
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
    dismiss();
    server.close();
  }
}
