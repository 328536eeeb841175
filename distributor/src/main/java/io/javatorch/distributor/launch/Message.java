package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankLogLine;
import io.javatorch.streaming.World;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that the processes of a job say to each other over {@link SealedChannel}s. The training
 * function and its results are opaque bytes here, read by the worker and the driver alone.
 */
@SuppressWarnings("ArrayRecordComponent") // payloads, never compared
sealed interface Message extends Serializable {

  // ---- executor to driver

  /** A task has started on a host, and asks for its rank and the job's order. */
  record Hello(int partition, String host) implements Message {}

  /** Lines that a rank printed, oldest first. */
  record LogLines(int rank, RankLogLine.Stream stream, List<String> lines) implements Message {}

  /** A rank ended without a result. */
  record RankFailed(RankFailure failure) implements Message {}

  // ---- worker to driver and back, through the executor

  /**
   * Asks for credentials that are valid now.
   *
   * @param id what the answer is to carry
   * @param refusedToken a token that the workspace has refused; empty where none was
   */
  record CredentialsQuestion(long id, String refusedToken) implements Message {
    @Override
    public String toString() {
      return "CredentialsQuestion[" + id + "]";
    }
  }

  /**
   * The credentials, or why there are none.
   *
   * @param failure empty where there are some
   * @param mayPass whether asking again can help
   */
  record CredentialsAnswer(long id, String host, String token, String failure, boolean mayPass)
      implements Message {
    @Override
    public String toString() {
      return "CredentialsAnswer[" + id + "]";
    }
  }

  // ---- executor of rank 0 to driver, and driver to all executors

  /** The ranks meet here. */
  record MasterAt(HostAndPort address) implements Message {}

  // ---- driver to executor

  /** Every task has started, and this one's rank is so. */
  record Placed(World world) implements Message {}

  /** The job cannot start. */
  record Dismissed(String reason) implements Message {}

  /**
   * What the ranks are to run. It holds the credentials, among {@code environment}: it travels over
   * sealed channels only and is kept out of {@code toString}.
   *
   * @param keepsCredentialsFresh whether the driver knows where credentials come from, and so
   *     answers {@link CredentialsQuestion}s
   */
  record JobOrder(
      byte[] function,
      boolean keepsCredentialsFresh,
      Map<String, String> environment,
      String workerHeap,
      List<String> workerJvmOptions,
      Duration startTimeout,
      Duration collectiveTimeout)
      implements Message {
    @Override
    public String toString() {
      return "JobOrder[function=" + function.length + " bytes, environment=***]";
    }
  }

  // ---- executor to worker

  /** The first and only thing a worker is told. */
  record Start(
      World world,
      HostAndPort rendezvous,
      String bindHost,
      byte[] function,
      boolean keepsCredentialsFresh,
      Duration joinTimeout,
      Duration collectiveTimeout)
      implements Message {}

  // ---- worker to executor

  /** The training function returned; {@code value} is its serialized result. */
  record Returned(byte[] value) implements Message {}

  /** The training function threw, or the worker could not get as far as calling it. */
  record Threw(ErrorReport error) implements Message {}

  // ---- rendezvous

  /** A worker listens at {@code address} and waits for the others. */
  record Join(int rank, HostAndPort address) implements Message {}

  /** Every rank's address, by rank. */
  record Peers(List<HostAndPort> addresses) implements Message {}

  /** The time to join is over and these ranks have not. */
  record RanksMissing(List<Integer> ranks) implements Message {}

  /** Serializes this message. */
  default byte[] toBytes() {
    try (var bytes = new ByteArrayOutputStream();
        var out = new ObjectOutputStream(bytes)) {
      out.writeObject(this);
      out.flush();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new IllegalStateException("Cannot serialize " + getClass().getSimpleName(), e);
    }
  }

  /** Reads a message; classes other than those that messages are made of are refused. */
  static Message fromBytes(byte[] bytes) throws IOException {
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
      in.setObjectInputFilter(
          ObjectInputFilter.Config.createFilter(
              "maxdepth=64;io.javatorch.distributor.launch.*;io.javatorch.distributor.RankLogLine$*;"
                  + "io.javatorch.streaming.World;java.lang.*;java.util.*;java.time.*;!*"));
      return (Message) in.readObject();
    } catch (ClassNotFoundException | ClassCastException e) {
      throw new IOException("A message of an unknown kind: are all jars of one version?", e);
    }
  }

  /** Sends this message. */
  default void sendOver(SealedChannel channel) throws IOException {
    channel.send(toBytes());
  }

  /** The next message; empty when the other side is gone. */
  static Optional<Message> receiveFrom(SealedChannel channel) throws IOException {
    var bytes = channel.receive();
    return bytes.isEmpty() ? Optional.empty() : Optional.of(fromBytes(bytes.get()));
  }

  /**
   * The next message, of the one kind that makes sense now.
   *
   * @throws IOException if the other side is gone, dismisses this one or says something else
   */
  static <M extends Message> M expect(Class<M> kind, SealedChannel channel) throws IOException {
    var message = receiveFrom(channel);
    if (message.isEmpty()) {
      throw new IOException("the other side closed before it sent " + kind.getSimpleName());
    }
    if (message.get() instanceof Dismissed dismissed) {
      throw new IOException(dismissed.reason());
    }
    if (!kind.isInstance(message.get())) {
      throw new IOException(
          "expected " + kind.getSimpleName() + ", got " + message.get().getClass().getSimpleName());
    }
    return kind.cast(message.get());
  }
}
