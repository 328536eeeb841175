"""The Python side of InteropTest: writes data sets for Java, and checks what Java wrote.

  peer.py write DIRECTORY SEED   writes a data set for each compression and each hash, of random
                                 columns and samples, with the samples in a plain form
  peer.py check DIRECTORY        reads every data set that Java wrote, and compares each value

Under DIRECTORY a data set has a directory with spec.json, samples.jsonl, and what was written in
python/ and java/. Needs mosaicml-streaming. Prints one JSON line at the end.
"""

import json
import random
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from streaming import MDSWriter, StreamingDataset
from streaming.base.compression import get_compressions
from streaming.base.hashing import get_hashes
from streaming.base.util import clean_stale_shared_memory

sys.path.insert(0, str(Path(__file__).parent.parent / 'golden'))
import values  # noqa: E402

warnings.filterwarnings('ignore')


def cases(rng):
    """Every compression with any hashes, and every hash alone with any compression."""
    compressions = [None, *sorted(get_compressions())]
    hashes = sorted(get_hashes())
    for compression in compressions:
        yield compression, sorted(rng.sample(hashes, rng.randint(0, 3)))
    for algo in hashes:
        yield rng.choice(compressions), [algo]


def schema(rng):
    """Random columns, of any names."""
    encodings = rng.choices(values.ENCODINGS, k=rng.randint(1, 15))
    return {f'{rng.choice(["", "é", "😀", "A b", "z.", "0"])}{i}': encoding for i, encoding in enumerate(encodings)}


def write(root, seed):
    rng = random.Random(seed)
    for number, (compression, hashes) in enumerate(cases(rng)):
        columns = {name: name for name in values.ENCODINGS} if number % 20 == 0 else schema(rng)
        size_limit = rng.choice([400, 3000, 20000, 1 << 26])
        samples = [{name: values.random_value(encoding, rng) for name, encoding in columns.items()}
                   for _ in range(rng.randint(1, 12))]
        directory = root / f'p{number:03}'
        directory.mkdir(parents=True)
        spec = {'columns': columns, 'compression': compression, 'hashes': hashes, 'size_limit': size_limit}
        (directory / 'spec.json').write_text(json.dumps(spec))
        with open(directory / 'samples.jsonl', 'w') as out:
            for sample in samples:
                out.write(json.dumps({name: values.plain(columns[name], value) for name, value in sample.items()}) + '\n')
        with MDSWriter(out=str(directory / 'python'), **spec) as writer:
            for sample in samples:
                writer.write(sample)
    print(json.dumps({'cases': number + 1}))


def equal(encoding, expected, read):
    """Whether a value that was read is the one that its plain form says."""
    if encoding.startswith('list[') or encoding in ('jpeg_array', 'jpegarray'):
        kind = encoding[5:-1] if encoding.startswith('list[') else 'jpeg'
        return len(read) == len(expected['list']) and all(
            equal(kind, item, image) for item, image in zip(expected['list'], read))
    if isinstance(expected, dict) and 'pixels' in expected:
        width, height, mode, pixels = expected['pixels']
        seen = np.frombuffer(read.convert(mode).tobytes(), np.uint8).astype(int)
        wanted = np.frombuffer(bytes.fromhex(pixels), np.uint8)
        return read.size == (width, height) and abs(seen - wanted).max() <= expected['tolerance']
    # As text, in which NaN equals itself and the order of keys counts.
    return json.dumps(values.plain(encoding, read)) == json.dumps(expected)


def check(root):
    problems = []
    checked = streamed = number = 0
    for directory in sorted(root.iterdir()):
        java = directory / 'java'
        if not java.is_dir():
            continue
        spec = json.loads((directory / 'spec.json').read_bytes())
        # Text has more ends of lines than a file of JSON lines.
        expected = [json.loads(line) for line in (directory / 'samples.jsonl').read_bytes().splitlines()]
        hashes = spec['hashes'] or [None]

        def compare(how, samples):
            nonlocal checked
            count = 0
            for i, sample in enumerate(samples):
                count += 1
                for name, value in expected[i].items():
                    if not equal(spec['columns'][name], value, sample[name]):
                        problems.append(f'{directory.name} {how}, {spec["compression"]}, sample {i}, {name} '
                                        f'({spec["columns"][name]}): {sample[name]!r} is not {value}'[:600])
                    checked += 1
            if count != len(expected):
                problems.append(f'{directory.name} {how}: {count} samples, not {len(expected)}')

        with tempfile.TemporaryDirectory() as scratch:
            # By turns through a remote with a cache, through all iterators, and by number.
            options = {'batch_size': 1, 'shuffle': False, 'validate_hash': hashes[number % len(hashes)],
                       'allow_unsafe_types': True, 'num_canonical_nodes': 1}
            if number % 3 == 0:
                dataset = StreamingDataset(remote=str(java), local=scratch + '/cache', keep_zip=number % 2 == 0, **options)
            else:
                dataset = StreamingDataset(local=str(java), keep_zip=True, **options)
            if number % 3 < 2:
                compare('iterated', dataset)
                streamed += 1
            else:
                compare('by number', (dataset[i] for i in range(len(dataset))))
            del dataset
        number += 1
        if number % 10 == 0:
            clean_stale_shared_memory()
    print(json.dumps({'data_sets': number, 'streamed': streamed, 'values': checked, 'problems': problems[:20]}))


if __name__ == '__main__':
    if sys.argv[1] == 'write':
        write(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        check(Path(sys.argv[2]))
