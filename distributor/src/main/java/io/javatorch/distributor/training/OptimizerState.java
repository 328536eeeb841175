package io.javatorch.distributor.training;

import ai.djl.ndarray.NDArray;
import io.javatorch.distributor.checkpoint.SavedTensor;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a DJL optimizer remembers between steps, seen from a subclass of it. DJL keeps the arrays in
 * private maps, one for each kind; they pass through {@code withDefaultState}, where the subclass
 * hands them to this.
 */
final class OptimizerState implements AutoCloseable {
  /** Names of the kinds of array, in the order in which the optimizer asks for them. */
  private final List<String> kinds;

  private final IdentityHashMap<Object, String> kindOfMap = new IdentityHashMap<>();

  /** By kind and parameter; present from the parameter's first update on. */
  private final Map<String, NDArray> arrays = new TreeMap<>();

  /** Restored for parameters that have had no update in this process. */
  private final Map<String, SavedTensor> waiting = new HashMap<>();

  private int updates;

  /** What is added to DJL's own count, which starts anew in an optimizer that continues another. */
  private int offset;

  private boolean countRestored;

  OptimizerState(String... kinds) {
    this.kinds = List.of(kinds);
  }

  String key(Object map, String parameter) {
    String kind = kindOfMap.get(map);
    if (kind == null) {
      if (kindOfMap.size() == kinds.size()) {
        throw new IllegalStateException("this optimizer keeps more than " + kinds);
      }
      kind = kinds.get(kindOfMap.size());
      kindOfMap.put(map, kind);
    }
    return kind + "/" + parameter;
  }

  /** What the optimizer starts from: zeros, or what was restored. */
  NDArray initial(String key, NDArray zeros) {
    SavedTensor saved = waiting.remove(key);
    if (saved != null) {
      TensorMemory.write(zeros, saved.data());
    }
    return zeros;
  }

  void seen(String key, NDArray array) {
    arrays.put(key, array);
  }

  int count(int djlCount) {
    if (countRestored) {
      // The first update after restoring: DJL has just added one to a count of its own.
      offset = updates + 1 - djlCount;
      countRestored = false;
    }
    updates = djlCount + offset;
    return updates;
  }

  int updates() {
    return updates;
  }

  /** Copies of all arrays, by kind and parameter. */
  Map<String, SavedTensor> save() {
    Map<String, SavedTensor> saved = new TreeMap<>(waiting);
    arrays.forEach((key, array) -> saved.put(key, TensorMemory.save(key, array)));
    return saved;
  }

  /** Checks that a saved array can be restored here. */
  void checkFits(String key, Map<String, NDArray> parameters, SavedTensor saved) {
    int slash = key.indexOf('/');
    String kind = key.substring(0, Math.max(0, slash));
    NDArray parameter = parameters.get(key.substring(slash + 1));
    if (!kinds.contains(kind) || parameter == null) {
      throw new TrainingException(
          "the checkpoint's optimizer state " + key + " belongs to no parameter that is trained");
    }
    TensorMemory.checkFits(key, parameter, saved);
  }

  void restore(int updateCount, Map<String, SavedTensor> tensors) {
    updates = updateCount;
    countRestored = true;
    waiting.clear();
    waiting.putAll(tensors);
    arrays.forEach(
        (key, array) -> {
          if (waiting.containsKey(key)) {
            initial(key, array);
          } else {
            // The checkpoint is of a time before this parameter's first update.
            TensorMemory.zero(array);
          }
        });
  }

  @Override
  public void close() {
    arrays.values().forEach(NDArray::close);
    arrays.clear();
  }
}
