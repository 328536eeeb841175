package io.javatorch.conversion.progress;

import java.time.Duration;

/**
 * How far the stage is.
 *
 * @param partitionsDone partitions that are written
 * @param partitions all partitions of the stage; 0 before it has started
 * @param rows rows written, those of partitions that are not done yet included, as far as the
 *     executors' heartbeats have told of them
 * @param bytes bytes written, likewise
 * @param elapsed since the stage started, or zero before
 */
public record StageFigures(
    int partitionsDone, int partitions, long rows, long bytes, Duration elapsed) {}
