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
WORKERS_OF_REMOTE = (0,)


def epoch(workers, **where):
    clean_stale_shared_memory()
    start = time.perf_counter()
    dataset = StreamingDataset(batch_size=256, shuffle=True, **where)
    seen = 0
    for batch in StreamingDataLoader(dataset, batch_size=256, num_workers=workers):
        seen += len(batch['number'])
    assert seen == samples, seen
    return (time.perf_counter() - start) * 1e3


def report(name, remote=None):
    """An epoch with nothing here, if there is a remote, and one with all of it here."""
    best = {}
    for workers in WORKERS if remote is None else WORKERS_OF_REMOTE:
        times = {}
        for _ in range(runs):
            if remote is None:
                times.setdefault(name, []).append(epoch(workers, local=plain))
                continue
            # A directory of its own: the threads of a data set before may still be at work.
            where = {'remote': remote, 'local': tempfile.mkdtemp(dir=local)}
            times.setdefault(name + 'Cold', []).append(epoch(workers, **where))
            times.setdefault(name + 'Warm', []).append(epoch(workers, **where))
            shutil.rmtree(where['local'], ignore_errors=True)
        for key, values in times.items():
            best[key] = min(best.get(key, float('inf')), statistics.median(values))
    for key, value in best.items():
        print(key, value, flush=True)


def main():
    os.makedirs(local)
    report('local')
    report('plain', f'{root}/plain')
    report('zstd', f'{root}/zstd')
    shutil.rmtree(local, ignore_errors=True)


if __name__ == '__main__':
    main()
