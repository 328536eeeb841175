"""Makes the golden data sets in this directory with the real Python library.

Run with mosaicml-streaming 0.13.0 installed: python make_golden.py
Each case is a directory with
  spec.json      the writer's options
  samples.jsonl  the samples, values in a plain form (see plain())
  data/          what the library wrote
versions.json records what it was made with.
"""

import json
import math
import platform
import random
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from streaming import MDSWriter
from streaming.base.util import merge_index

HERE = Path(__file__).parent
INTS = {'int': 64, 'int8': 8, 'int16': 16, 'int32': 32, 'int64': 64}
UINTS = {'uint8': 8, 'uint16': 16, 'uint32': 32, 'uint64': 64}
FLOATS = ['float16', 'float32', 'float64']


def plain(value):
    """Bytes become {"hex": ...}; floats that JSON lacks become {"float": ...}."""
    if isinstance(value, bytes):
        return {'hex': value.hex()}
    if isinstance(value, float) and not math.isfinite(value):
        return {'float': str(value)}
    return value


def case(name, columns, samples, **options):
    """Writes one data set."""
    root = HERE / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / 'spec.json').write_text(json.dumps({'columns': columns, **options}) + '\n')
    with open(root / 'samples.jsonl', 'w') as out:
        for sample in samples:
            out.write(json.dumps({key: plain(value) for key, value in sample.items()}) + '\n')
    with MDSWriter(columns=columns, out=str(root / 'data'), **options) as writer:
        for sample in samples:
            writer.write(sample)


def scalars():
    """Every width of number, at its limits and between."""
    columns = {name: name for name in [*INTS, *UINTS, *FLOATS]}
    rng = random.Random(1)
    samples = []
    for i in range(24):
        sample = {}
        for name, bits in INTS.items():
            low, high = -(1 << bits - 1), (1 << bits - 1) - 1
            sample[name] = [0, low, high, -1][i] if i < 4 else rng.randint(low, high)
        for name, bits in UINTS.items():
            high = (1 << bits) - 1
            sample[name] = [0, 1, high, high // 2 + 1][i] if i < 4 else rng.randint(0, high)
        for name in FLOATS:
            edge = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e-8, 6e-5, 65519.0, 0.1, 2049.0]
            sample[name] = edge[i] if i < len(edge) else rng.uniform(-1e4, 1e4)
        samples.append(sample)
    case('scalars', columns, samples)


def text_and_bytes(count, seed):
    """Samples as a user's table has them; compressible, of varying size."""
    rng = random.Random(seed)
    words = ['alpha', 'βήτα', 'гамма', '日本', '😀', '"quoted"\\', 'tab\t', 'line\n', '\x00\x7f']
    for i in range(count):
        yield {
            'text': ' '.join(rng.choices(words, k=rng.randint(0, 12))),
            'data': rng.randbytes(rng.randint(0, 40)) + b'\x00' * rng.randint(0, 40),
            'label': i,
        }


COLUMNS = {'text': 'str', 'label': 'int', 'data': 'bytes'}


def main():
    """Makes everything."""
    scalars()
    case('raw', COLUMNS, list(text_and_bytes(40, 2)), size_limit=2048,
         hashes=['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha3_224', 'sha3_256', 'sha3_384',
                 'sha3_512', 'sha512'])
    for level in [None, 1, 9, 19, 22]:
        spec = 'zstd' if level is None else f'zstd:{level}'
        case(spec.replace(':', '-'), COLUMNS, list(text_and_bytes(30, 3)), size_limit=2048,
             hashes=['sha1', 'sha256'], compression=spec)
    case('oversized-first', COLUMNS,
         [{'text': 'x' * 500, 'label': 0, 'data': b''}, {'text': '', 'label': 1, 'data': b'y'}],
         size_limit=400)
    case('no-limit', COLUMNS, list(text_and_bytes(10, 4)), size_limit=None)
    case('empty', COLUMNS, [], hashes=['md5'])
    case('names', {'é': 'int8', 'z': 'int8', 'A': 'str', '😀': 'int8', '\uff5e': 'int8'},
         [{'é': 1, 'z': 2, 'A': 'b', '😀': 3, '\uff5e': 4}])
    for part, seed in [('part-0', 5), ('part', 6), ('part-1', 7)]:
        case(f'merged/{part}', COLUMNS, list(text_and_bytes(12, seed)), size_limit=1024,
             hashes=['md5'], compression='zstd')
        # Only the library's own output may lie where merge_index looks.
        for entry in (HERE / 'merged' / part / 'data').iterdir():
            shutil.move(entry, HERE / 'merged' / part / entry.name)
        (HERE / 'merged' / part / 'data').rmdir()
        (HERE / 'merged' / part / 'samples.jsonl').unlink()
        (HERE / 'merged' / part / 'spec.json').unlink()
    merge_index(str(HERE / 'merged'))
    (HERE / 'versions.json').write_text(json.dumps({
        'python': platform.python_version(),
        **{name: version(name) for name in ['mosaicml-streaming', 'numpy', 'zstd']},
    }, indent=2) + '\n')


if __name__ == '__main__':
    sys.exit(main())
