"""Python's side of `bin/benchmark streaming`: epochs into batches with mosaicml-streaming.

Prints a line `PASS MILLISECONDS` for each, the median of its runs, with the number of DataLoader
workers that is the faster one here.
"""

import os
import shutil
import statistics
import sys
import time

from streaming import StreamingDataLoader, StreamingDataset
from streaming.base.util import clean_stale_shared_memory

local, plain, root, samples, runs = sys.argv[1:4] + [int(value) for value in sys.argv[4:6]]
WORKERS = (0, 2)


def clear():
    shutil.rmtree(local, ignore_errors=True)


def epoch(workers, **where):
    clean_stale_shared_memory()
    start = time.perf_counter()
    dataset = StreamingDataset(batch_size=256, shuffle=True, **where)
    seen = 0
    for batch in StreamingDataLoader(dataset, batch_size=256, num_workers=workers):
        seen += len(batch['number'])
    assert seen == samples, seen
    return (time.perf_counter() - start) * 1e3


def report(name, prepare, **where):
    best = None
    for workers in WORKERS:
        times = []
        for _ in range(runs):
            prepare()
            times.append(epoch(workers, **where))
        median = statistics.median(times)
        best = median if best is None else min(best, median)
    print(name, best, flush=True)


def main():
    report('local', lambda: None, local=plain)
    for name in ('plain', 'zstd'):
        remote = f'{root}/{name}'
        report(f'{name}Cold', clear, remote=remote, local=local)
        report(f'{name}Warm', lambda: None, remote=remote, local=local)
    clear()


if __name__ == '__main__':
    main()
