package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;

/**
 * The body of an answer, read as it comes. Other than the JDK's own stream it fails when nothing
 * has come for too long. Any thread may close it, which ends the request and a pending read.
 */
final class BodyStream extends InputStream implements BodySubscriber<InputStream> {
  /** Pieces that may wait to be read; the JDK's are of 16 KiB. */
  private static final int WINDOW = 16;

  private final Duration idle;
  private final Runnable whenClosed;
  private final ArrayDeque<List<ByteBuffer>> arrived = new ArrayDeque<>();
  private Flow.Subscription subscription;
  private Optional<Throwable> failure = Optional.empty();
  private boolean complete;
  private boolean closed;

  // Of the reading thread alone.
  private Iterator<ByteBuffer> piece = List.<ByteBuffer>of().iterator();
  private ByteBuffer current = ByteBuffer.allocate(0);

  /**
   * A body that has not come yet.
   *
   * @param idle the longest that a read waits
   * @param whenClosed called once, when the stream is closed
   */
  BodyStream(Duration idle, Runnable whenClosed) {
    this.idle = idle;
    this.whenClosed = whenClosed;
  }

  @Override
  public CompletionStage<InputStream> getBody() {
    return CompletableFuture.completedStage(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    boolean late;
    synchronized (this) {
      subscription = given;
      late = closed;
    }
    if (late) {
      given.cancel();
    } else {
      given.request(WINDOW);
    }
  }

  @Override
  public synchronized void onNext(List<ByteBuffer> buffers) {
    if (!closed) {
      arrived.add(buffers);
      notifyAll();
    }
  }

  @Override
  public synchronized void onError(Throwable error) {
    failure = Optional.of(error);
    notifyAll();
  }

  @Override
  public synchronized void onComplete() {
    complete = true;
    notifyAll();
  }

  @Override
  public int read() throws IOException {
    return advance() ? current.get() & 0xff : -1;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (!advance()) {
      return -1;
    }
    int n = Math.min(length, current.remaining());
    current.get(bytes, offset, n);
    return n;
  }

  /** Goes on to bytes that were not read; false at the end. */
  private boolean advance() throws IOException {
    while (!current.hasRemaining()) {
      if (piece.hasNext()) {
        current = piece.next();
        continue;
      }
      List<ByteBuffer> next = await();
      if (next == null) {
        return false;
      }
      piece = next.iterator();
      subscription.request(1);
    }
    return true;
  }

  private synchronized List<ByteBuffer> await() throws IOException {
    long deadline = System.nanoTime() + idle.toNanos();
    while (true) {
      if (closed) {
        throw new IOException("the stream is closed");
      }
      List<ByteBuffer> next = arrived.poll();
      if (next != null) {
        return next;
      }
      if (failure.isPresent()) {
        throw new IOException("the answer broke off: " + failure.get(), failure.get());
      }
      if (complete) {
        return null;
      }
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new IOException(
            "nothing has come for " + idle.toMillis() / 1000.0 + " s in the middle of an answer");
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        throw Interrupted.asIOException("interrupted while reading from a volume", e);
      }
    }
  }

  @Override
  public void close() {
    Flow.Subscription cancelled;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      arrived.clear();
      // One that has ended leaves its connection to the next request.
      cancelled = complete || failure.isPresent() ? null : subscription;
      notifyAll();
    }
    if (cancelled != null) {
      cancelled.cancel();
    }
    whenClosed.run();
  }
}
