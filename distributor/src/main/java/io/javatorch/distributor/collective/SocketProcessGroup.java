package io.javatorch.distributor.collective;

import io.javatorch.distributor.collective.CallDescriptor.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ranks connected to each other by a full mesh of sockets; if all of them are on one host, data
 * goes through memory that they share ({@link SharedCall}), and the sockets only tell who is there.
 * The calling thread itself drives the sockets, without a hand-over to another thread.
 *
 * <p>Large data goes round a ring, so that each rank sends and receives about twice the data
 * whatever the world's size ({@link RingCall}); small data goes straight to everybody ({@link
 * FlatCall}). The mesh carries small data, and it lets every rank see at once that a peer has died,
 * wherever it is in the ring.
 */
final class SocketProcessGroup implements ProcessGroup {
  private static final Logger LOG = LoggerFactory.getLogger(SocketProcessGroup.class);

  /** What one rank may send in all for a call to go straight to everybody. */
  private static final int FLAT_LIMIT_BYTES = 64 << 10;

  /** How long a call that does not need a peer that is gone may go on to its end. */
  private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How often a call in shared memory looks at the sockets and the clock while it waits. */
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private static final int SPINS = 200;
  private static final int YIELDS = 400;
  private static final long PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  private static final long MAX_BEAT_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long FAREWELL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long DRAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  private final int rank;
  private final int worldSize;
  private final Duration timeout;
  private final long timeoutNanos;
  private final long beatNanos;
  private final Selector selector;

  /** By rank; null at this rank's place. */
  private final PeerLink[] links;

  private final Reduction reduction = new Reduction();
  private final ByteBuffer flatScratch;
  private final ByteBuffer ringScratch;

  /** Null if the ranks do not share memory. */
  private SharedMemory shared;

  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean closing;

  private final Object asyncLock = new Object();

  // Guarded by asyncLock.
  private ExecutorService asyncThread;
  private CompletableFuture<Void> lastAsync;

  // Guarded by lock.
  private long sequence;

  /** Calls that users have not made; the same on all ranks. */
  private long ownCalls;

  private Failure failure;
  private CollectiveException firstFailure;
  private boolean closed;

  private SocketProcessGroup(int rank, PeerLink[] links, Selector selector, Duration timeout) {
    this.rank = rank;
    this.worldSize = links.length;
    this.links = links;
    this.selector = selector;
    this.timeout = timeout;
    this.timeoutNanos = timeout.toNanos();
    this.beatNanos =
        Math.min(MAX_BEAT_NANOS, Math.max(TimeUnit.MILLISECONDS.toNanos(20), timeoutNanos / 5));
    this.flatScratch =
        ByteBuffer.allocateDirect(FlatCall.scratchBytes(worldSize, FLAT_LIMIT_BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    this.ringScratch =
        ByteBuffer.allocateDirect(RingCall.SCRATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A group over non-blocking connections by rank; on failure they are closed. */
  static SocketProcessGroup over(int rank, SocketChannel[] channels, Duration callTimeout)
      throws IOException {
    Selector selector = Selector.open();
    try {
      PeerLink[] links = new PeerLink[channels.length];
      for (int peer = 0; peer < channels.length; peer++) {
        if (peer != rank) {
          SelectionKey key = channels[peer].register(selector, SelectionKey.OP_READ);
          links[peer] = new PeerLink(peer, channels[peer], key);
          key.attach(links[peer]);
        }
      }
      return new SocketProcessGroup(rank, links, selector, callTimeout);
    } catch (IOException | RuntimeException e) {
      selector.close();
      for (SocketChannel channel : channels) {
        if (channel != null) {
          channel.close();
        }
      }
      throw e;
    }
  }

  /** Uses shared memory from now on if all ranks are on one host. A collective call. */
  void shareMemory(boolean wanted) {
    shared = SharedMemory.among(this, wanted);
    ownCalls = sequence;
    LOG.debug("Rank {}: shared memory: {}", rank, shared != null);
  }

  boolean sharesMemory() {
    return shared != null;
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int worldSize() {
    return worldSize;
  }

  @Override
  public void allReduce(ByteBuffer data, ElementType type, ReduceOp op) {
    Arguments.checkReduction(data, type, op);
    allReduce(Elements.of(data), type, op);
  }

  @Override
  public void allReduce(FloatBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.FLOAT32, op);
    allReduce(Elements.of(data), ElementType.FLOAT32, op);
  }

  @Override
  public void allReduce(DoubleBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.FLOAT64, op);
    allReduce(Elements.of(data), ElementType.FLOAT64, op);
  }

  @Override
  public void allReduce(IntBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.INT32, op);
    allReduce(Elements.of(data), ElementType.INT32, op);
  }

  @Override
  public void allReduce(LongBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.INT64, op);
    allReduce(Elements.of(data), ElementType.INT64, op);
  }

  @Override
  public CompletableFuture<Void> allReduceAsync(ByteBuffer data, ElementType type, ReduceOp op) {
    Arguments.checkReduction(data, type, op);
    Elements elements = Elements.of(data);
    var result = new CompletableFuture<Void>();
    synchronized (asyncLock) {
      if (closing) {
        result.completeExceptionally(new CollectiveException("this process group is closed"));
        return result;
      }
      if (asyncThread == null) {
        asyncThread =
            Executors.newSingleThreadExecutor(
                task -> {
                  var thread = new Thread(task, "collective-async-" + rank);
                  thread.setDaemon(true);
                  return thread;
                });
      }
      lastAsync = result;
      asyncThread.execute(
          () -> {
            try {
              reduce(Kind.ALL_REDUCE, elements, type, op, true);
              result.complete(null);
            } catch (RuntimeException | Error e) {
              result.completeExceptionally(e);
            }
          });
      return result;
    }
  }

  /** Calls that were begun earlier go first, on every rank. */
  private void awaitAsync() {
    CompletableFuture<Void> pending;
    synchronized (asyncLock) {
      pending = lastAsync;
    }
    if (pending != null && !pending.isDone()) {
      pending.exceptionally(error -> null).join();
    }
  }

  @Override
  public void reduceScatter(ByteBuffer data, ElementType type, ReduceOp op) {
    Arguments.checkReduction(data, type, op);
    reduce(Kind.REDUCE_SCATTER, Elements.of(data), type, op, false);
  }

  private void allReduce(Elements data, ElementType type, ReduceOp op) {
    reduce(Kind.ALL_REDUCE, data, type, op, false);
  }

  private void reduce(Kind kind, Elements data, ElementType type, ReduceOp op, boolean async) {
    if (!async) {
      awaitAsync();
    }
    var call = new CallDescriptor(kind, op, type, -1, data.bytes());
    if (shared != null) {
      run(SharedCall.of(this, call, data, shared, reduction, ringScratch));
    } else if (isSmall(data.bytes())) {
      run(FlatCall.reduce(call, data, rank, worldSize, flatScratch, reduction));
    } else {
      run(RingCall.reduce(call, data, rank, links, ringScratch, reduction));
    }
  }

  @Override
  public void broadcast(ByteBuffer data, int root) {
    Arguments.checkBroadcast(data, root, rank, worldSize);
    awaitAsync();
    Elements elements = Elements.of(data);
    var call = new CallDescriptor(Kind.BROADCAST, null, null, root, elements.bytes());
    if (shared != null) {
      run(SharedCall.of(this, call, elements, shared, reduction, ringScratch));
    } else if (isSmall(elements.bytes())) {
      run(FlatCall.broadcast(call, elements, rank, worldSize, flatScratch));
    } else {
      run(RingCall.broadcast(call, elements, rank, links, ringScratch));
    }
  }

  @Override
  public List<byte[]> allGather(byte[] data) {
    awaitAsync();
    var call = new CallDescriptor(Kind.ALL_GATHER, null, null, -1, data.length);
    if (shared != null) {
      SharedCall small = SharedCall.gather(this, call, data, shared);
      run(small);
      byte[][] gathered = small.gathered();
      if (gathered != null) {
        return List.of(gathered);
      }
    }
    FlatCall gather = FlatCall.allGather(call, data, rank, worldSize, flatScratch);
    run(gather);
    return gather.gathered();
  }

  @Override
  public List<byte[]> gather(byte[] data, int root) {
    Arguments.checkRoot(root, worldSize);
    awaitAsync();
    var call = new CallDescriptor(Kind.GATHER, null, null, root, data.length);
    FlatCall gather = FlatCall.allGather(call, data, rank, worldSize, flatScratch);
    run(gather);
    return gather.gathered();
  }

  @Override
  public void barrier() {
    awaitAsync();
    var call = new CallDescriptor(Kind.BARRIER, null, null, -1, 0);
    if (shared != null) {
      run(SharedCall.of(this, call, null, shared, reduction, ringScratch));
    } else {
      run(FlatCall.barrier(call, rank, worldSize, flatScratch));
    }
  }

  private boolean isSmall(int bytes) {
    return (long) bytes * (worldSize - 1) <= FLAT_LIMIT_BYTES;
  }

  private void run(Call call) {
    lock.lock();
    try {
      if (closed || closing) {
        throw new CollectiveException("this process group is closed");
      }
      if (failure != null) {
        throw failure.toException(firstFailure);
      }
      sequence++;
      try {
        drive(call);
      } catch (CollectiveException e) {
        fail(e);
        throw e;
      } catch (IOException | RuntimeException e) {
        var wrapped = new CollectiveException(describe(call) + " failed on rank " + rank, e);
        fail(wrapped);
        throw wrapped;
      }
    } finally {
      lock.unlock();
    }
  }

  private void drive(Call call) throws IOException {
    long start = System.nanoTime();
    long deadline = start + timeoutNanos;
    long nextBeat = start + beatNanos;
    for (PeerLink link : links) {
      if (link != null) {
        link.opened = false;
        link.held = false;
        link.interest(SelectionKey.OP_READ, link.gone == null);
      }
    }
    checkThread(call);
    call.start(sequence, links);
    // What was read ahead in an earlier call lies in the links, where the selector does not see it.
    for (PeerLink link : links) {
      if (link != null && link.input.hasRemaining()) {
        receive(link, call);
      }
    }
    long nextPoll = start + POLL_NANOS;
    int waits = 0;
    while (true) {
      boolean progress = flush(call);
      PeerLink stream = call.streamsFrom();
      if (stream != null) {
        progress |= receive(stream, call);
      }
      if (call.received() && !call.hasMoreToSend() && allIdle()) {
        return;
      }
      if (call.polls()) {
        waits = progress ? 0 : waits + 1;
        if (progress || waits <= SPINS) {
          Thread.onSpinWait();
          continue;
        }
        if (System.nanoTime() - nextPoll < 0) {
          pause(waits);
          continue;
        }
      }
      long now = System.nanoTime();
      checkThread(call);
      long wake = checkPeers(call, now);
      if (now - deadline >= 0) {
        throw late(call, now);
      }
      if (now - nextBeat >= 0) {
        beat();
        nextBeat = now + beatNanos;
      }
      if (call.polls()) {
        selector.selectNow(key -> receiveFrom(key, call));
        nextPoll = System.nanoTime() + POLL_NANOS;
        continue;
      }
      if (progress) {
        continue;
      }
      wake = Math.min(wake, Math.min(nextBeat - now, deadline - now));
      selector.select(
          key -> receiveFrom(key, call), Math.max(1, TimeUnit.NANOSECONDS.toMillis(wake)));
    }
  }

  private void receiveFrom(SelectionKey key, Call call) {
    if (key.isReadable()) {
      receive((PeerLink) key.attachment(), call);
    }
  }

  /** Waits for other ranks' memory to change: briefly at first, and then at ever less cost. */
  @SuppressWarnings("ThreadPriorityCheck") // Yielding only makes the wait cheaper for the others.
  private static void pause(int waits) {
    if (waits <= SPINS + YIELDS) {
      Thread.yield();
    } else {
      LockSupport.parkNanos(PARK_NANOS);
    }
  }

  /** Queues what has become ready and writes what the sockets take. */
  private boolean flush(Call call) {
    boolean progress = call.pump();
    for (PeerLink link : links) {
      if (link != null && !link.idle() && link.gone == null) {
        try {
          progress |= link.flush();
        } catch (IOException e) {
          // The peer may have told why before it hung up.
          receive(link, call);
          gone(link, e);
        }
      }
    }
    return progress;
  }

  private boolean allIdle() {
    for (PeerLink link : links) {
      if (link != null && !link.idle()) {
        return false;
      }
    }
    return true;
  }

  private void checkThread(Call call) {
    if (Thread.currentThread().isInterrupted()) {
      throw new CollectiveException("rank " + rank + " was interrupted in " + describe(call));
    }
    if (closing) {
      throw new CollectiveException("rank " + rank + " closed its group during " + describe(call));
    }
  }

  /** Fails for a peer that is gone, unless the call may yet end without it. */
  private long checkPeers(Call call, long now) {
    long wake = Long.MAX_VALUE;
    for (PeerLink link : links) {
      if (link != null && link.gone != null) {
        long left = GRACE_NANOS - (now - link.goneSinceNanos);
        if (left <= 0 || call.awaits(link) || !link.idle()) {
          throw new RankLostException(
              List.of(link.rank),
              "rank "
                  + link.rank
                  + (link.saidBye ? " has left the group" : " is gone (" + link.gone + ")")
                  + " while rank "
                  + rank
                  + " was in "
                  + describe(call),
              null);
        }
        wake = Math.min(wake, left);
      }
    }
    return wake;
  }

  private void beat() {
    for (PeerLink link : links) {
      if (link != null && link.gone == null && link.idle()) {
        link.enqueue(PeerLink.control(PeerLink.WAITING, 8).putLong(sequence).flip());
      }
    }
  }

  /** Who is to blame for a call that is past its deadline. */
  private RankLostException late(Call call, long now) {
    List<Integer> absent = new ArrayList<>();
    List<Integer> silent = new ArrayList<>();
    List<Integer> awaited = new ArrayList<>();
    for (PeerLink link : links) {
      if (link == null) {
        continue;
      }
      long arrival = Math.max(link.sequence, call.arrival(link));
      if (arrival < sequence) {
        absent.add(link.rank);
      } else if (arrival == sequence && now - link.lastHeardNanos > 3 * beatNanos) {
        silent.add(link.rank);
      } else if (call.awaits(link) || !link.idle()) {
        awaited.add(link.rank);
      }
    }
    String what = describe(call) + " on rank " + rank + " did not finish within " + timeout + ": ";
    if (!absent.isEmpty()) {
      return new RankLostException(absent, what + ranks(absent) + " did not come to it", null);
    }
    if (!silent.isEmpty()) {
      return new RankLostException(silent, what + ranks(silent) + " stopped answering", null);
    }
    return new RankLostException(awaited, what + "too slow from " + ranks(awaited), null);
  }

  private static String ranks(List<Integer> ranks) {
    String list = ranks.toString();
    return (ranks.size() == 1 ? "rank " : "ranks ") + list.substring(1, list.length() - 1);
  }

  private String describe(Call call) {
    return "call " + (sequence - ownCalls) + ", " + call.descriptor();
  }

  /** Takes all that has arrived from a peer and belongs to the current call. */
  private boolean receive(PeerLink link, Call call) {
    boolean progress = false;
    try {
      while (!link.held && link.gone == null) {
        if (link.target != null) {
          int before = link.target.position();
          boolean full = link.fillTarget();
          if (link.target.position() > before) {
            link.lastHeardNanos = System.nanoTime();
            progress = true;
          }
          if (!full) {
            break;
          }
          link.target = null;
          call.dataArrived(link);
          continue;
        }
        if (!link.fill(PeerLink.PREFIX_BYTES)) {
          break;
        }
        ByteBuffer in = link.input;
        int type = in.getInt(in.position());
        int length = in.getInt(in.position() + 4);
        if (type == PeerLink.DATA) {
          if (!link.opened) {
            throw nonsense(link);
          }
          in.position(in.position() + PeerLink.PREFIX_BYTES);
          link.target = call.target(link, length);
          continue;
        }
        if (length < 0 || length > PeerLink.MAX_CONTROL_BYTES) {
          throw nonsense(link);
        }
        if (!link.fill(PeerLink.PREFIX_BYTES + length)) {
          break;
        }
        link.lastHeardNanos = System.nanoTime();
        progress = true;
        if (type == PeerLink.CALL && in.getLong(in.position() + PeerLink.PREFIX_BYTES) > sequence) {
          link.sequence = in.getLong(in.position() + PeerLink.PREFIX_BYTES);
          link.held = true;
          link.interest(SelectionKey.OP_READ, false);
          break;
        }
        ByteBuffer payload =
            in.slice(in.position() + PeerLink.PREFIX_BYTES, length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + PeerLink.PREFIX_BYTES + length);
        control(link, type, payload, call);
      }
    } catch (ClosedByInterruptException e) {
      throw new CollectiveException("rank " + rank + " was interrupted in " + describe(call), e);
    } catch (IOException e) {
      gone(link, e);
    }
    return progress;
  }

  private void control(PeerLink link, int type, ByteBuffer payload, Call call) {
    switch (type) {
      case PeerLink.CALL -> {
        long theirSequence = payload.getLong();
        CallDescriptor theirs = CallDescriptor.decode(payload);
        if (theirSequence != sequence || link.opened) {
          throw nonsense(link);
        }
        link.sequence = sequence;
        if (!theirs.matches(call.descriptor())) {
          throw mismatch(link.rank, theirs, call.descriptor());
        }
        link.opened = true;
        call.opened(link, theirs);
      }
      case PeerLink.WAITING -> link.sequence = Math.max(link.sequence, payload.getLong());
      case PeerLink.ABORT -> throw Failure.decode(payload).toException(null);
      case PeerLink.BYE -> link.saidBye = true;
      default -> throw nonsense(link);
    }
  }

  CallMismatchException mismatch(int peer, CallDescriptor theirs, CallDescriptor own) {
    return new CallMismatchException(
        "in call "
            + (sequence - ownCalls)
            + " rank "
            + peer
            + " makes "
            + theirs
            + " but rank "
            + rank
            + " makes "
            + own,
        null);
  }

  static CollectiveException nonsense(PeerLink link) {
    return new CollectiveException(
        "rank " + link.rank + " sent what does not fit the call: its version may differ");
  }

  private void gone(PeerLink link, IOException why) {
    if (link.gone == null) {
      link.gone = why.getMessage() == null ? why.getClass().getSimpleName() : why.getMessage();
      link.goneSinceNanos = System.nanoTime();
      link.key.cancel();
    }
  }

  /** Marks the group as failed and tells the others, as far as they listen. */
  private void fail(CollectiveException e) {
    failure = Failure.of(e);
    firstFailure = e;
    LOG.debug("Rank {}: process group failed: {}", rank, e.getMessage());
    // A channel is closed under a thread whose interrupt flag is set.
    boolean interrupted = Thread.interrupted();
    say(failure.encode());
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The last frame to every peer; those that do not take it in time go without. */
  private void say(ByteBuffer frame) {
    long deadline = System.nanoTime() + FAREWELL_NANOS;
    for (PeerLink link : links) {
      if (link != null && link.gone == null) {
        link.enqueue(frame.duplicate());
      }
    }
    boolean pending = true;
    while (pending && System.nanoTime() - deadline < 0) {
      pending = false;
      for (PeerLink link : links) {
        if (link == null || link.gone != null || link.idle()) {
          continue;
        }
        try {
          link.flush();
          pending |= !link.idle();
        } catch (IOException e) {
          gone(link, e);
        }
      }
      if (pending) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
    }
    for (PeerLink link : links) {
      if (link != null && link.gone == null) {
        try {
          link.channel.shutdownOutput();
        } catch (IOException e) {
          gone(link, e);
        }
      }
    }
  }

  @Override
  public void close() {
    closing = true;
    if (selector.isOpen()) {
      // Ends a call that another thread is in.
      selector.wakeup();
    }
    synchronized (asyncLock) {
      if (asyncThread != null) {
        // Calls that wait there fail, as the group is closing.
        asyncThread.shutdown();
      }
    }
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        leave();
      }
    } finally {
      lock.unlock();
    }
  }

  private void leave() {
    // A channel is closed under a thread whose interrupt flag is set.
    boolean interrupted = Thread.interrupted();
    try {
      if (failure == null) {
        say(PeerLink.control(PeerLink.BYE, 0).flip());
      }
      drain();
      for (PeerLink link : links) {
        if (link != null) {
          link.channel.close();
        }
      }
      selector.close();
    } catch (IOException e) {
      LOG.debug("Rank {}: closing the process group", rank, e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Reads to the end of each stream for a moment: closing a socket with unread input resets the
   * connection, which can take from the peer what it has not read yet.
   */
  private void drain() throws IOException {
    long deadline = System.nanoTime() + DRAIN_NANOS;
    ByteBuffer sink = ByteBuffer.allocateDirect(64 << 10);
    for (PeerLink link : links) {
      if (link != null) {
        link.interest(SelectionKey.OP_WRITE, false);
        link.interest(SelectionKey.OP_READ, link.gone == null);
      }
    }
    while (true) {
      long left = deadline - System.nanoTime();
      if (left <= 0 || Arrays.stream(links).allMatch(link -> link == null || link.gone != null)) {
        return;
      }
      selector.select(
          key -> {
            PeerLink link = (PeerLink) key.attachment();
            try {
              while (true) {
                int read = link.channel.read(sink.clear());
                if (read < 0) {
                  throw new PeerLink.EndOfStream();
                }
                if (read == 0) {
                  return;
                }
              }
            } catch (IOException e) {
              gone(link, e);
            }
          },
          Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
    }
  }
}
