"""Python's side of `bin/benchmark streaming`: epochs into batches with mosaicml-streaming.

Prints a line `PASS MILLISECONDS` for each, the median of its runs, with the number of DataLoader
workers that is the faster one here.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time

from streaming import StreamingDataLoader, StreamingDataset
from streaming.base.util import clean_stale_shared_memory

local, plain, root, samples, runs = sys.argv[1:4] + [int(value) for value in sys.argv[4:6]]
WORKERS = (0, 2)
# With workers the library (0.13.0) reads shards here that it has not downloaded whole, and fails.
WORKERS_OF_REMOTE = 0


def epoch(workers, **where):
    clean_stale_shared_memory()
    start = time.perf_counter()
    dataset = StreamingDataset(batch_size=256, shuffle=True, **where)
    seen = 0
    for batch in StreamingDataLoader(dataset, batch_size=256, num_workers=workers):
        seen += len(batch['number'])
    assert seen == samples, seen
    return (time.perf_counter() - start) * 1e3


def report_local(name):
    """Epochs over what is here: one with each number of workers, and the rest with the faster."""
    times = {workers: [epoch(workers, local=plain)] for workers in WORKERS}
    best = min(times, key=lambda workers: times[workers][0])
    times[best] += [epoch(best, local=plain) for _ in range(runs - 1)]
    print(name, statistics.median(times[best]), flush=True)


def report_remote(name, remote):
    """Epochs with nothing here, each followed by one with all of it here."""
    cold, warm = [], []
    for _ in range(runs):
        # A directory of its own: the threads of a data set before may still be at work.
        where = {'remote': remote, 'local': tempfile.mkdtemp(dir=local)}
        cold.append(epoch(WORKERS_OF_REMOTE, **where))
        warm.append(epoch(WORKERS_OF_REMOTE, **where))
        shutil.rmtree(where['local'], ignore_errors=True)
    print(name + 'Cold', statistics.median(cold), flush=True)
    print(name + 'Warm', statistics.median(warm), flush=True)


def main():
    os.makedirs(local)
    report_local('local')
    report_remote('plain', f'{root}/plain')
    report_remote('zstd', f'{root}/zstd')
    shutil.rmtree(local, ignore_errors=True)


if __name__ == '__main__':
    main()
