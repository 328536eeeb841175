package io.javatorch.conversion.commit;

import io.javatorch.conversion.ConversionException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one job that may write into a target. A file there names it, and is renewed while the job
 * lives: whoever finds it watches it for a while, and takes it for a dead job's if it stays as it
 * is. No clock is compared with another.
 *
 * <p>A job that was only slow, and comes back after it was taken for dead, sees that the file is no
 * longer its own when it next looks: at each renewal, before it publishes, and before it deletes.
 */
final class Claim implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Claim.class);

  /** Names the job that writes into the target. */
  static final String FILE = "_conversion-owner";

  /** That file as it is put in place. */
  private static final Pattern TEMPORARY = Pattern.compile("\\._conversion-owner\\..*");

  /** Follows the job's name once no attempt of it may add anything. */
  private static final String ENDING = "/ending";

  private static final int MOST_ROUNDS = 10;

  /**
   * How often the file is renewed and looked at.
   *
   * @param renewal time between two renewals
   * @param patience how long the file must stay as it is for its job to be dead; several renewals
   * @param request how long a renewal may wait for the store, so that the next ones come in time
   */
  record Timing(Duration renewal, Duration patience, Duration request) {
    static final Timing DEFAULT =
        new Timing(Duration.ofSeconds(3), Duration.ofSeconds(20), Duration.ofSeconds(3));

    Duration look() {
      var look = patience.dividedBy(20);
      return look.compareTo(renewal) < 0 ? look : renewal;
    }
  }

  /** What the file says. */
  private record Owner(String job, String description, String content) {
    static Owner of(byte[] bytes) {
      var content = new String(bytes, StandardCharsets.UTF_8);
      return new Owner(value(content, "job"), value(content, "by"), content);
    }

    private static String value(String content, String key) {
      return content
          .lines()
          .filter(line -> line.startsWith(key + "="))
          .map(line -> line.substring(key.length() + 1))
          .findFirst()
          .orElse("");
    }
  }

  private final Store store;

  /** For renewals, of which none may hold up those after it. */
  private final Store renewals;

  private final String job;
  private final String description;
  private final Timing timing;
  private final ScheduledExecutorService renewal;

  // Guarded by this object's monitor: some stores have no such file while it is renewed.
  private long count;
  private long renewedNanos;
  private boolean ending;
  private boolean lost;

  private Claim(Store store, String job, String description, Timing timing) {
    this.store = store;
    this.job = job;
    this.description = description.replaceAll("\\R", " ");
    this.timing = timing;
    renewals = store.impatient(timing.request());
    renewal =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var thread = new Thread(task, "mds-owner");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Claims a target.
   *
   * @param job names this job and no other
   * @param description what to tell of it to another that wants the same target
   * @throws ConversionException if a living job has it
   */
  static Claim take(Store store, String job, String description, Timing timing) throws IOException {
    var claim = new Claim(store, job, description, timing);
    boolean taken = false;
    try {
      claim.take();
      var unused =
          claim.renewal.scheduleWithFixedDelay(
              claim::renew,
              timing.renewal().toMillis(),
              timing.renewal().toMillis(),
              TimeUnit.MILLISECONDS);
      taken = true;
      return claim;
    } finally {
      if (!taken) {
        claim.renewal.shutdownNow();
        claim.renewals.close();
      }
    }
  }

  private synchronized void take() throws IOException {
    for (int round = 0; round < MOST_ROUNDS; round++) {
      var found = isAbout() ? owner() : Optional.<Owner>empty();
      if (found.isEmpty()) {
        renewedNanos = System.nanoTime();
        boolean put = store.putNew(content(), FILE);
        // Not every store sees to it that only one of two succeeds; and a try may have succeeded
        // though it was reported to have failed.
        found = owner();
        if (found.isPresent() && found.get().job().equals(job)) {
          return;
        }
        if (put || found.isEmpty()) {
          continue;
        }
      }
      if (isDead(found.get())) {
        LOG.warn(
            "{} is claimed by a conversion that has not been heard of for {} s ({}): taken over",
            store.location(),
            timing.patience().toSeconds(),
            found.get().description());
        put(store);
        // Another may do the same at this moment. The file is the last one's.
        store.pause(timing.look().multipliedBy(2));
        var now = owner();
        if (now.isPresent() && now.get().job().equals(job)) {
          return;
        }
        if (now.isPresent()) {
          throw owned(now.get());
        }
      }
    }
    throw new ConversionException(
        "%s cannot be claimed: its file %s comes and goes. Choose another directory"
            .formatted(store.location(), FILE));
  }

  /** Whether the file is there, or just being replaced, as the temporary one beside it tells. */
  private boolean isAbout() throws IOException {
    return store.list("").stream()
        .anyMatch(entry -> entry.name().equals(FILE) || isTemporary(entry.name()));
  }

  /** Whether a file is one that was on its way to be the owner's. */
  static boolean isTemporary(String name) {
    return TEMPORARY.matcher(name).matches();
  }

  /** Whether a job is dead; false as well if it has ended. */
  private boolean isDead(Owner found) throws IOException {
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < timing.patience().toNanos()) {
      store.pause(timing.look());
      var now = owner();
      if (now.isEmpty()) {
        return false;
      }
      if (!now.get().content().equals(found.content())) {
        throw owned(now.get());
      }
    }
    return true;
  }

  private ConversionException owned(Owner owner) {
    return new ConversionException(
        ("%s is being written by another conversion (%s). Let it end, or choose another directory."
                + " If that one dies, the target is free %d s after its last sign of life")
            .formatted(
                store.location(),
                owner.description().isEmpty() ? "it has not said which" : owner.description(),
                timing.patience().toSeconds()));
  }

  private byte[] content() {
    return "job=%s%s\nby=%s\ncount=%d\n"
        .formatted(job, ending ? ENDING : "", description, ++count)
        .getBytes(StandardCharsets.UTF_8);
  }

  private Optional<Owner> owner() throws IOException {
    return store.readReplaced(FILE).map(Owner::of);
  }

  private void put(Store through) throws IOException {
    long begun = System.nanoTime();
    through.put(content(), FILE);
    renewedNanos = begun;
  }

  private synchronized void renew() {
    try {
      if (!isOwn(renewals)) {
        LOG.error("{} was taken over by another conversion", store.location());
        renewal.shutdown();
        return;
      }
      put(renewals);
    } catch (IOException | RuntimeException e) {
      // The next time comes soon, and there are several before this job counts as dead.
      LOG.warn("{} in {} could not be renewed: {}", FILE, store.location(), e.toString());
    }
  }

  /** Looks whether the target is this job's; not any more, once it was not. */
  synchronized boolean isOwn() throws IOException {
    return isOwn(store);
  }

  private boolean isOwn(Store through) throws IOException {
    if (!lost) {
      var owner = through.readReplaced(FILE).map(Owner::of).map(Owner::job);
      lost = owner.isEmpty() || !(owner.get().equals(job) || owner.get().equals(job + ENDING));
    }
    return !lost;
  }

  /**
   * Makes sure that the target is still this job's, and that no other is about to take it over.
   *
   * @throws ConversionException if it is not
   */
  synchronized void check() throws IOException {
    boolean own = isOwn(store);
    if (own && System.nanoTime() - renewedNanos > timing.patience().toNanos() / 2) {
      put(store);
      // Whoever took it for a dead job's just before has put his own by then.
      store.pause(timing.look().multipliedBy(2));
      own = isOwn(store);
    }
    if (!own) {
      throw new ConversionException(
          ("%s no longer belongs to this conversion: it was not heard of for so long that another"
                  + " took it over, or its file %s was removed. Nothing was published; run it"
                  + " again when the other has ended")
              .formatted(store.location(), FILE));
    }
  }

  /** Refuses this job's attempts from now on, and keeps others out as before. */
  synchronized void end() throws IOException {
    ending = true;
    if (isOwn(store)) {
      put(store);
    }
  }

  /** Stops renewing, and leaves the file as a job does that dies. */
  void abandon() throws IOException {
    // One under way ends by itself: if it were interrupted, a part of its file could be left.
    renewal.shutdown();
    try {
      if (!renewal.awaitTermination(3 * timing.request().toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("{} does not answer", store.location());
        renewal.shutdownNow();
      }
    } catch (InterruptedException e) {
      renewal.shutdownNow();
      Thread.currentThread().interrupt();
    }
    renewals.close();
  }

  /** Gives the target back. */
  @Override
  public void close() throws IOException {
    // First, so that the file does not come back.
    abandon();
    if (isOwn()) {
      store.delete(FILE);
    }
  }

  /** Whether a file's content is of some job that lets its attempts write. */
  static boolean names(byte[] content, String job) {
    return Owner.of(content).job().equals(job);
  }
}
