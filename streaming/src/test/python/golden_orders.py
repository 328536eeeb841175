"""Writes sample orders of the real Python library as JSON lines, for SampleOrderTest.

Made with mosaicml-streaming 0.13.0 and NumPy 2.1.3; py1b, which that version no longer has, is
taken from the wheel of 0.8.1:

    python golden_orders.py PATH/OF/0.8.1/streaming/base/shuffle/py1b.py random | gzip -9n > orders-random.jsonl.gz

and likewise for `mixed` (several streams, weights, sampling, batching methods) and `replication`
(what each rank and worker reads, where consecutive ranks read the same).

A case holds its settings and either the SHA-256 of the order, as little-endian 64-bit words in the
shape (nodes, ranks per node, workers, batches, batch size), or the error's type.
Small orders are there in full.
"""
import hashlib
import importlib.util
import json
import logging
import os
import random
import sys
import warnings
from types import SimpleNamespace

# How argsort orders equal values, which decides between equal streams in stratified batches, depends
# on the processor: with AVX-512 NumPy sorts by another method. This is the order without.
os.environ['NPY_DISABLE_CPU_FEATURES'] = ('AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX '
                                          'AVX512_CNL AVX512_ICL AVX512_SPR')

import numpy as np
import streaming
from streaming.base.batching import generate_work
from streaming.base.dataset import StreamingDataset
from streaming.base.shuffle import algos
from streaming.base.stream import Stream
from streaming.base.world import World

warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)
assert streaming.__version__ == '0.13.0' and np.__version__ == '2.1.3'


def add_py1b(path):
    spec = importlib.util.spec_from_file_location('py1b', path)
    py1b = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(py1b)
    algos['py1b'] = py1b.get_shuffle_py1b


def dataset_of(case):
    """A StreamingDataset of the given shard sizes, without files."""
    dataset = StreamingDataset.__new__(StreamingDataset)
    dataset.streams = [
        SimpleNamespace(**{k: v
                           for k, v in s.items() if k != 'sizes'}) for s in case['streams']
    ]
    sizes = [s['sizes'] for s in case['streams']]
    dataset.num_streams = len(sizes)
    dataset.shards_per_stream = np.array([len(s) for s in sizes], np.int64)
    dataset.shard_offset_per_stream = dataset.shards_per_stream.cumsum() - dataset.shards_per_stream
    dataset.samples_per_stream = np.array([sum(s) for s in sizes], np.int64)
    dataset.sample_offset_per_stream = dataset.samples_per_stream.cumsum() - dataset.samples_per_stream
    dataset.samples_per_shard = np.array([n for s in sizes for n in s], np.int64)
    dataset.sample_offset_per_shard = dataset.samples_per_shard.cumsum() - dataset.samples_per_shard
    dataset.num_samples = int(dataset.samples_per_shard.sum())
    dataset.shuffle = case['algo'] is not None
    dataset.shuffle_algo = case['algo']
    dataset.shuffle_seed = case['seed']
    dataset.shuffle_block_size = case['block']
    dataset.partition_algo = case['partition']
    dataset.num_canonical_nodes = case['ncn']
    dataset.initial_physical_nodes = case['initial']
    dataset.batch_size = case['batch']
    dataset.sampling_method = case['sampling']
    dataset.sampling_granularity = case['granularity']
    dataset.epoch_seed_change = dataset.shuffle and case['sampling'] == 'balanced'
    dataset.epoch_size = Stream.apply_weights(dataset.streams, dataset.samples_per_stream,
                                              case['epoch_size'], case['seed'])
    dataset._set_shuffle_block_size(SimpleNamespace(worker_of_rank=0))
    return dataset


def run(case):
    try:
        dataset = dataset_of(case)
        world = World(case['nodes'], case['ranks'], case['workers'], 0)
        ids = generate_work(case['batching'], dataset, world, case['epoch'], case['drop'])
    except Exception as e:
        case['error'] = type(e).__name__ + ': ' + str(e)[:60]
    else:
        ids = ids.astype('<i8')
        case['shape'] = list(ids.shape)
        case['epoch_samples'] = dataset.epoch_size
        if len(dataset.streams) > 1:
            case['choose'] = [int(s.choose) for s in dataset.streams]
        if ids.size <= 96:
            case['ids'] = ids.flatten().tolist()
        else:
            case['sha256'] = hashlib.sha256(ids.tobytes()).hexdigest()
    print(json.dumps(case))


R = random.Random(9176)


def shard_sizes(largest):
    kind = R.randrange(8)
    if kind == 0:
        return [R.choice([7, 64, 100])] * R.randint(1, 12)
    if kind == 1:
        return [R.choice([2, 3, 5, 7, 11, 13, 101, 211]) for _ in range(R.randint(1, 14))]
    if kind == 2:
        return [1] * R.randint(1, 40)
    if kind == 3:
        return [R.randint(1, 500)]
    if kind == 4:
        return [R.randint(1, 60) for _ in range(R.randint(1, 30))]
    if kind == 5:
        return [R.randint(1, 4) for _ in range(R.randint(1, 5))]
    if kind == 6:
        return [0 if R.random() < 0.2 else R.randint(1, 50) for _ in range(R.randint(1, 12))] + [3]
    return [R.randint(500, 3000) for _ in range(R.randint(1, largest))]


def topology(case):
    case['nodes'] = R.choice([1, 1, 2, 2, 3, 4, 5, 6, 8])
    case['ncn'] = R.choice([case['nodes'], case['nodes'], case['nodes'] * R.choice([2, 3, 8, 64])])
    if case['nodes'] % 2 == 0 and R.random() < 0.2:
        case['ncn'] = case['nodes'] // 2
    if R.random() < 0.1:
        case['ncn'] = R.randint(1, 12)
    case['ranks'] = R.choice([1, 1, 2, 3, 4, 8])
    case['workers'] = R.choice([1, 1, 2, 3, 4, 8])
    case['batch'] = R.choice([1, 2, 3, 4, 5, 7, 8, 16, 32])


def order_settings(case):
    case['algo'] = R.choice([None, 'naive', 'py1s', 'py2s', 'py1b', 'py1br', 'py1br', 'py1e', 'py1e', 'py1e'])
    case['seed'] = R.choice([9176, 9176, 0, 1, 2**32 + 7, R.randrange(2**31)])
    case['epoch'] = R.choice([0, 0, 1, 2, 17])
    case['block'] = R.choice([None, None, 1 << 18, 1, 3, 10, 64, 100, 1000, 3333])
    case['partition'] = R.choice(['orig', 'relaxed', 'relaxed', 'relaxed'])


def resumption(case, samples):
    case['drop'] = 0
    case['initial'] = None
    if R.random() < 0.5:
        case['drop'] = R.choice([R.randint(0, samples), R.randint(0, samples), samples, samples + 1])
        if R.random() < 0.1:
            case['drop'] = samples + R.randint(0, 50)
        case['initial'] = R.choice([None, case['nodes'], R.randint(1, 8)])
        if case['initial'] and R.random() < 0.6:
            # A change of nodes that keeps the global batch size, and mostly does not divide.
            case['ncn'] = case['initial'] * R.choice([1, 1, 2, 4])
            total = case['initial'] * case['nodes'] * R.choice([1, 2, 4])
            case['batch'] = total // case['nodes']
            if R.random() < 0.7:
                case['drop'] -= case['drop'] % (total * case['ranks'])


def random_batching(number=700):
    for _ in range(number):
        case = {'streams': [{'sizes': shard_sizes(20)}]}
        topology(case)
        order_settings(case)
        resumption(case, sum(case['streams'][0]['sizes']))
        case.update(sampling='balanced', granularity=1, epoch_size=None, batching='random')
        run(case)


def small():
    # Every shuffle on every small number of samples: ends and boundaries.
    for algo in [None, 'naive', 'py1s', 'py2s', 'py1b', 'py1br', 'py1e']:
        for samples in range(1, 14):
            for ncn, nodes, ranks in [(1, 1, 1), (1, 1, 4), (2, 2, 2), (4, 2, 1), (2, 4, 3), (1, 5, 1)]:
                case = {'streams': [{'sizes': [1 + samples // 3, samples - 1 - samples // 3]
                                     if samples > 1 else [1]}]}
                case.update(nodes=nodes, ncn=ncn, ranks=ranks, workers=2, batch=3, algo=algo, seed=7,
                            epoch=1, block=4, partition='relaxed', drop=0, initial=None,
                            sampling='balanced', granularity=1, epoch_size=None, batching='random')
                run(case)


def weights(case, streams):
    kind = R.choice(['none', 'proportion', 'repeat', 'choose', 'mixed', 'wrong'])
    for stream in streams:
        samples = sum(stream['sizes'])
        if kind == 'proportion':
            stream['proportion'] = R.choice([1, 1, 2, 0.25, R.random(), 1 / 3])
        elif kind == 'repeat' or (kind == 'mixed' and R.random() < 0.4):
            stream['repeat'] = R.choice([1, 2, 0.5, 2.5, R.random() * 3])
        elif kind == 'choose' or (kind == 'mixed' and R.random() < 0.7):
            stream['choose'] = R.choice([samples, R.randint(0, 3 * samples), R.randint(1, 50)])
        elif kind == 'wrong' and R.random() < 0.3:
            stream['proportion'] = 0.5
    case['epoch_size'] = None
    if kind in ('none', 'proportion', 'wrong') and R.random() < 0.6:
        case['epoch_size'] = R.randint(1, 2 * sum(sum(s['sizes']) for s in streams))


def mixed(number=900):
    for i in range(number):
        count = R.choice([1, 2, 2, 3, 4, 7]) if i % 30 else R.choice([9, 17, 40, 150])
        case = {'streams': [{'sizes': shard_sizes(6)} for _ in range(count)]}
        topology(case)
        order_settings(case)
        weights(case, case['streams'])
        case['sampling'] = R.choice(['balanced', 'balanced', 'fixed'])
        case['granularity'] = R.choice([1, 1, 1, 2, 7, 50, 1000])
        case['batching'] = R.choice(['random', 'stratified', 'per_stream', 'device_per_stream'])
        if case['batching'] != 'random':
            # Most random cases are too small for these; larger streams, smaller worlds.
            case['batch'] = R.choice([1, 2, 3, 4, 8])
            case['ranks'] = R.choice([1, 2, 3])
            case['ncn'] = case['nodes'] * R.choice([1, 1, 2, 4])
            case['block'] = R.choice([None, 64, 100, 1000, 3333])
            for stream in case['streams']:
                if R.random() < 0.8:
                    stream['sizes'] = stream['sizes'] + [R.randint(50, 300)]
        resumption(case, case['epoch_size'] or sum(sum(s['sizes']) for s in case['streams']))
        run(case)


def run_replication(case):
    """What each worker of each rank of the real world reads: its own ids, without padding."""
    try:
        dataset = dataset_of(case)
        reads = {}
        for rank in range(case['nodes'] * case['ranks']):
            for worker in range(case['workers']):
                world = World(case['nodes'], case['ranks'], case['workers'],
                              rank * case['workers'] + worker).replicate(case['replication'])
                place = world.node, world.rank_of_node, world.worker_of_rank
                if place not in reads:
                    ids = generate_work(case['batching'], dataset, world, case['epoch'], case['drop'])
                    reads.update({(n, r, w): ids[n, r, w].flatten()
                                  for n, r, w in np.ndindex(ids.shape[:3])})
                own = reads[place]
                case.setdefault('reads', []).append(own[own != -1].tolist())
    except Exception as e:
        case.pop('reads', None)
        case['error'] = type(e).__name__ + ': ' + str(e)[:60]
    else:
        if sum(map(len, case['reads'])) > 200:
            case['reads'] = [
                hashlib.sha256(np.array(r, '<i8').tobytes()).hexdigest() for r in case['reads']
            ]
    print(json.dumps(case))


def replication():
    for algo in [None, 'naive', 'py1s', 'py2s', 'py1b', 'py1br', 'py1e']:
        for factor, nodes, ranks in [(1, 2, 4), (2, 1, 4), (2, 2, 4), (4, 2, 2), (4, 2, 4), (8, 2, 8),
                                     (3, 3, 2), (3, 1, 6), (6, 2, 3), (2, 3, 2), (4, 3, 4), (5, 2, 3)]:
            for resumed in [False, True]:
                case = {'streams': [{'sizes': shard_sizes(4)}]}
                order_settings(case)
                samples = sum(case['streams'][0]['sizes'])
                case.update(replication=factor, nodes=nodes, ranks=ranks, workers=R.choice([1, 2, 3]),
                            batch=R.choice([1, 3, 4, 8]), algo=algo, block=R.choice([10, 64, 1000]),
                            ncn=R.choice([1, 2, 4, 6, 12]), partition='relaxed',
                            drop=R.randint(1, samples) if resumed else 0,
                            initial=R.choice([None, 1, 2, 3]) if resumed else None,
                            sampling='balanced', granularity=1, epoch_size=None, batching='random')
                run_replication(case)


if __name__ == '__main__':
    add_py1b(sys.argv[1])
    if sys.argv[2] == 'random':
        random_batching()
        small()
    else:
        {'mixed': mixed, 'replication': replication}[sys.argv[2]]()
