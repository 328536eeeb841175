"""The Python library's side of `bin/benchmark order`: makes the order of one epoch, as the first
process of each node does, and prints the time and the memory that took.

    order_peer.py ALGORITHM SAMPLES SHARDS NODES RANKS_PER_NODE MOST_GIB
"""

import logging
import resource
import sys
import time
from types import SimpleNamespace

import numpy as np
from streaming.base.batching import generate_work
from streaming.base.dataset import StreamingDataset
from streaming.base.stream import Stream
from streaming.base.world import World

logging.disable(logging.CRITICAL)
algorithm = sys.argv[1]
samples, shards, nodes, ranks, most = map(int, sys.argv[2:])
resource.setrlimit(resource.RLIMIT_DATA, (most << 30, most << 30))

sizes = np.full(shards, samples // shards, np.int64)
sizes[-1] += samples % shards
dataset = StreamingDataset.__new__(StreamingDataset)
dataset.streams = [SimpleNamespace()]
dataset.num_streams = 1
dataset.shards_per_stream = np.array([shards])
dataset.shard_offset_per_stream = np.array([0])
dataset.samples_per_stream = np.array([samples])
dataset.sample_offset_per_stream = np.array([0])
dataset.samples_per_shard = sizes
dataset.sample_offset_per_shard = sizes.cumsum() - sizes
dataset.num_samples = samples
dataset.shuffle = True
dataset.shuffle_algo = algorithm
dataset.shuffle_seed = 9176
dataset.shuffle_block_size = None
dataset.partition_algo = 'relaxed'
dataset.num_canonical_nodes = (64 if algorithm in ('py1s', 'py2s') else 1) * nodes
dataset.initial_physical_nodes = None
dataset.batch_size = 32
dataset.sampling_method = 'balanced'
dataset.sampling_granularity = 1
dataset.epoch_seed_change = True
dataset.epoch_size = Stream.apply_weights(dataset.streams, dataset.samples_per_stream, None, 9176)
dataset._set_shuffle_block_size(SimpleNamespace(worker_of_rank=0))

start = time.perf_counter()
try:
    ids = generate_work('random', dataset, World(nodes, ranks, 8, 0), 1, 0)
    result = f'{time.perf_counter() - start:7.2f} s'
except MemoryError:
    result = f'gives up at {most} GiB'
resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
print(f'{algorithm:6} {samples:13} samples {shards:7} shards {nodes:3} x {ranks} ranks, all     :'
      f' {result}, {resident:6} MiB at most')
