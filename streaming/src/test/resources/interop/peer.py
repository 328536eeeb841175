"""The Python side of InteropTest: writes data sets for Java, and checks what Java wrote.

  peer.py write DIRECTORY   writes one data set per case, with its samples in a plain form
  peer.py check DIRECTORY   reads the data sets that Java wrote from the same samples, and compares

Needs mosaicml-streaming. Prints one JSON line at the end.
"""

import base64
import json
import random
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
from streaming import MDSWriter, StreamingDataset
from streaming.base.compression import get_compressions
from streaming.base.hashing import get_hashes

warnings.filterwarnings('ignore')
COLUMNS = {
    'bytes': 'bytes', 'str': 'str', 'int': 'int', 'int8': 'int8', 'int16': 'int16',
    'int32': 'int32', 'int64': 'int64', 'uint8': 'uint8', 'uint16': 'uint16', 'uint32': 'uint32',
    'uint64': 'uint64', 'float16': 'float16', 'float32': 'float32', 'float64': 'float64',
    'str_int': 'str_int', 'str_float': 'str_float', 'json': 'json', 'nd': 'ndarray',
    'nd_i4': 'ndarray:int32', 'nd_f4': 'ndarray:float32:2,3',
}


def make_samples(count, seed):
    """Random samples of every kind that has an exact value in JSON."""
    rng = random.Random(seed)
    for _ in range(count):
        yield {
            'bytes': rng.randbytes(rng.randint(0, 200)),
            'str': ''.join(rng.choices('aé日😀"\\\n ', k=rng.randint(0, 60))),
            'int': rng.randint(-2**63, 2**63 - 1),
            **{f'int{b}': rng.randint(-2**(b - 1), 2**(b - 1) - 1) for b in [8, 16, 32, 64]},
            **{f'uint{b}': rng.randint(0, 2**b - 1) for b in [8, 16, 32, 64]},
            'float16': float(np.float16(rng.uniform(-100, 100))),
            'float32': float(np.float32(rng.uniform(-1e30, 1e30))),
            'float64': rng.uniform(-1e300, 1e300),
            'str_int': rng.randint(-10**40, 10**40),
            'str_float': rng.uniform(-1, 1) * 10**rng.randint(-300, 300),
            'json': {'b': [1, 2.5, None, True], 'a': {'é': rng.random()}},
            'nd': np.array([[rng.randint(0, 255)] * 3] * rng.randint(1, 4), np.uint8),
            'nd_i4': np.arange(rng.randint(1, 300), dtype=np.int32),
            'nd_f4': np.array([[rng.random() for _ in range(3)] for _ in range(2)], np.float32),
        }


def plain(value):
    if isinstance(value, bytes):
        return {'base64': base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray):
        return {'dtype': value.dtype.name, 'shape': list(value.shape),
                'base64': base64.b64encode(value.tobytes()).decode()}
    return value


def cases():
    """Every compression with no hash, and every hash without and with compression."""
    for i, name in enumerate(['', *sorted(get_compressions())]):
        yield f'c{i}', {'compression': name or None, 'hashes': []}
    for i, name in enumerate(sorted(get_hashes())):
        yield f'h{i}', {'compression': None if i % 2 else 'zstd', 'hashes': [name]}


def write(root):
    for number, (name, options) in enumerate(cases()):
        samples = list(make_samples(20, number))
        directory = root / name
        directory.mkdir(parents=True)
        (directory / 'spec.json').write_text(json.dumps({'columns': COLUMNS, **options}))
        with open(directory / 'samples.jsonl', 'w') as out:
            for sample in samples:
                out.write(json.dumps({k: plain(v) for k, v in sample.items()}) + '\n')
        with MDSWriter(columns=COLUMNS, out=str(directory / 'python'), size_limit='8kb',
                       **options) as writer:
            for sample in samples:
                writer.write(sample)
    print(json.dumps({'cases': number + 1}))


def equal(a, b):
    if isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and (a == b).all()
    return a == b


def check(root):
    problems = []
    checked = 0
    for number, (name, options) in enumerate(cases()):
        java = root / name / 'java'
        samples = list(make_samples(20, number))
        dataset = StreamingDataset(local=str(java), batch_size=1, shuffle=False,
                                   validate_hash=(options['hashes'] or [None])[0], keep_zip=True)
        if len(dataset) != len(samples):
            problems.append(f'{name}: {len(dataset)} samples')
        for i, sample in enumerate(samples):
            read = dataset[i]
            for key, value in sample.items():
                if not equal(read[key], value):
                    problems.append(f'{name} {options}, sample {i}, {key}: {read[key]} != {value}')
                checked += 1
    print(json.dumps({'values': checked, 'problems': problems[:20]}))


if __name__ == '__main__':
    {'write': write, 'check': check}[sys.argv[1]](Path(sys.argv[2]))
