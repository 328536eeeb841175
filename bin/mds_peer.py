"""Python's side of `bin/benchmark mds`: the passes of MdsPasses.java with mosaicml-streaming.

Prints a line `PASS MILLISECONDS` for each, the median of its runs.
"""

import os
import random
import shutil
import statistics
import sys
import time

import streaming
from streaming import LocalDataset, MDSWriter, StreamingDataset
from streaming.base.util import clean_stale_shared_memory

work, samples, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
plain, compressed = os.path.join(work, 'plain'), os.path.join(work, 'zstd')
scratch = os.path.join(work, 'python-scratch')
columns = {'blob': 'bytes', 'number': 'int', 'text': 'str'}
DISTINCT = 4096


def clear():
    shutil.rmtree(scratch, ignore_errors=True)


def report(name, work_of_it, prepare=clear):
    times = []
    for _ in range(runs):
        argument = prepare()
        start = time.perf_counter()
        work_of_it(argument) if argument is not None else work_of_it()
        times.append((time.perf_counter() - start) * 1e3)
    print(name, statistics.median(times), flush=True)


def consume(sample):
    sample['blob'], sample['number'], sample['text']


local = LocalDataset(plain)
made = [local[i] for i in range(min(samples, DISTINCT))]


def write(compression):
    with MDSWriter(out=scratch, columns=columns, compression=compression) as writer:
        for i in range(samples):
            sample = made[i % len(made)]
            writer.write({'blob': sample['blob'], 'number': i, 'text': sample['text']})


def read(order):
    dataset = LocalDataset(plain)
    for i in order:
        consume(dataset[i])


def open_streaming(directory):
    """A copy of a data set of which nothing is decompressed, opened."""
    clear()
    shutil.copytree(directory, scratch)
    clean_stale_shared_memory()
    return StreamingDataset(local=scratch, batch_size=256, shuffle=False)


def stream(dataset):
    for sample in dataset:
        consume(sample)


def read_through(dataset):
    for i in range(samples):
        consume(dataset[i])


shuffled = list(range(samples))
random.Random(2).shuffle(shuffled)
print('version', streaming.__version__, flush=True)
report('writePlain', lambda: write(None))
report('writeZstd', lambda: write('zstd'))
report('readSequentially', lambda: read(range(samples)))
report('readRandomly', lambda: read(shuffled))
report('readZstd', read_through, lambda: open_streaming(compressed))
report('streamPlain', stream, lambda: open_streaming(plain))
report('streamZstd', stream, lambda: open_streaming(compressed))
clear()
