"""Writes draws of NumPy's default_rng as JSON lines, for NumPyRandomTest.

Made with NumPy 2.1.3: python numpy_vectors.py > numpy-vectors.jsonl
Long results are kept as the SHA-256 of their little-endian 64-bit words.
"""
import hashlib
import json

import numpy as np

SEEDS = [0, 1, 9176, 2**31, 2**32 - 1, 2**32, 2**32 + 5, 2**53 + 1, 2**63 - 1]


def put(seed, op, values, **args):
    values = np.asarray(values)
    record = {'seed': seed, 'op': op, **args}
    if values.dtype == np.float64:
        values = values.view(np.int64)
    values = values.astype(np.int64, casting='unsafe')
    if len(values) <= 12:
        record['values'] = [int(v) for v in values]
    else:
        record['sha256'] = hashlib.sha256(values.astype('<i8').tobytes()).hexdigest()
    print(json.dumps(record))


def rng(seed):
    return np.random.default_rng(seed)


for seed in SEEDS:
    put(seed, 'raw', rng(seed).bit_generator.random_raw(8).view(np.int64))
    put(seed, 'raw', rng(seed).bit_generator.random_raw(5000).view(np.int64), count=5000)
    put(seed, 'random', rng(seed).random(1000))
    put(seed, 'uniform', rng(seed).uniform(-131071.5, 77.25, 1000), low=-131071.5, high=77.25)
    for n in [0, 1, 2, 3, 5, 64, 65, 1000, 70001]:
        put(seed, 'permutation', rng(seed).permutation(n), n=n)
        array = np.arange(n)
        rng(seed).shuffle(array)
        put(seed, 'shuffle', array, n=n)
        values = [(i, ) for i in range(n)]
        rng(seed).shuffle(values)
        put(seed, 'shuffle', [v[0] for v in values], n=n)
    for low, high in [(0, 1), (0, 2), (-5, 5), (0, 100), (196608, 327680), (0, 2**31), (0, 2**32 - 1),
                      (0, 2**32), (0, 2**32 + 1), (7, 2**40), (0, 3 * 2**61), (-2**63, 2**63 - 1)]:
        put(seed, 'integers', rng(seed).integers(low, high, 301), low=low, high=high, n=301)
    for n, k in [(1, 0), (1, 1), (2, 1), (10, 3), (10, 10), (1000, 999), (10000, 9999), (10001, 200),
                 (10001, 201), (50000, 1000), (50000, 1001), (50000, 50000), (2**33, 70)]:
        put(seed, 'choice', rng(seed).choice(n, k, False), n=n, k=k)
    # The half of a 64-bit draw that waits must survive everything else.
    r = rng(seed)
    mixed = [r.integers(0, 1000)]
    mixed += r.random(3).view(np.int64).tolist()
    mixed += [r.integers(0, 1000), r.integers(0, 2**40)]
    array = np.arange(6)
    r.shuffle(array)
    mixed += array.tolist()
    mixed += r.uniform(0, 5, 2).view(np.int64).tolist()
    mixed += r.choice(100, 4, False).tolist()
    mixed += r.permutation(5).tolist()
    put(seed, 'mixed', np.array(mixed, np.int64))
