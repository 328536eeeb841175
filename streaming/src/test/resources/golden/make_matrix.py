"""Makes matrix/: data sets of every encoding x compression x hash, with the real Python library.

Run with mosaicml-streaming 0.13.0 installed: python make_matrix.py
The encodings, compressions and hashes are those that the library lists. A column is named after its
encoding. Every data set has all encodings as columns, but for those of `alone`.

  edges.zip      edges.jsonl, a line for each encoding: its values in a plain form (see values.py),
                 and which of them are small enough for the data sets of all encodings; text.jsonl,
                 the rows of the text formats
  manifest.json  the lists, the versions, and the options of each data set
  alone.zip      for each encoding a data set of all its values, not compressed
  all.zip        for each compression at each level a data set of several shards with all hashes
  single.zip     for each compression at its lowest, highest and default level, and each hash, a data
                 set with that hash alone
  text.zip       for each text format and those compressions a data set with all hashes
Sample i of a data set has as its value of each encoding that encoding's small value number
(start + i) modulo their count.
"""

import json
import math
import platform
import random
import shutil
import tempfile
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path

import values
from streaming import CSVWriter, JSONWriter, MDSWriter, TSVWriter, XSVWriter
from streaming.base.compression import _families, get_compressions
from streaming.base.format.mds.encodings import get_mds_encodings
from streaming.base.hashing import get_hashes

HERE = Path(__file__).parent / 'matrix'
SMALL_BYTES = 200
TEXT_WRITERS = {
    'json': (JSONWriter, {}),
    'csv': (CSVWriter, {}),
    'tsv': (TSVWriter, {}),
    'xsv': (XSVWriter, {'separator': '::'}),
}


def level(name):
    return int(name.split(':')[1]) if ':' in name else -1


def ends():
    """No compression, and each at its default, lowest and highest level."""
    yield None
    for family in sorted(_families):
        yield family
        levels = sorted((name for name in get_compressions() if name.startswith(family + ':')), key=level)
        yield from dict.fromkeys(levels[:1] + levels[-1:])


def pack(directory, name):
    """Moves a directory into a zip that is the same each time for the same files."""
    with zipfile.ZipFile(HERE / f'{name}.zip', 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for path in sorted(directory.rglob('*')):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(directory)), (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                out.writestr(entry, path.read_bytes())


def text_rows():
    rng = random.Random(13)
    floats = [0.0, -0.0, 1e16, 1e-5, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 0.1, -1e22, 100.0]
    ints = [0, -1, 2**63 - 1, -2**63, 7, 10**18, -10**9, 1, 2, 3, 4, 5]
    words = ['', 'é', '日本', '😀', '"quoted"', "it's", '\\', ' both ', '{"a": 1}', 'x' * 50, '\ufffd', '\U0010ffff']
    for text, count, ratio in zip(words, ints, floats):
        yield {'text': text, 'count': count, 'ratio': ratio, 'more': rng.random()}


def main():
    warnings.filterwarnings('ignore')
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    edges = {encoding: values.edges(encoding) for encoding in values.ENCODINGS}
    small = {
        encoding: [i for i, item in enumerate(items)
                   if len(values.encode(encoding, item)) <= SMALL_BYTES or 'jpeg' in encoding]
        for encoding, items in edges.items()
    }
    data_sets = []

    def write(directory, group, columns, compression, hashes, start, count, size_limit):
        name = f'{len(data_sets):03}'
        with MDSWriter(columns=columns, out=str(directory / name), compression=compression, hashes=hashes,
                       size_limit=size_limit) as writer:
            for i in range(start, start + count):
                indexes = {
                    encoding: i if group == 'alone' else small[encoding][i % len(small[encoding])]
                    for encoding in columns
                }
                writer.write({encoding: values.raw(edges[encoding][index]) for encoding, index in indexes.items()})
        data_sets.append({
            'group': group, 'name': name, 'columns': list(columns) if group == 'alone' else 'all', 'compression': compression,
            'hashes': hashes, 'start': start, 'samples': count, 'size_limit': size_limit,
        })

    every = {encoding: encoding for encoding in values.ENCODINGS}
    hashes = sorted(get_hashes())
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        rows = list(text_rows())
        (scratch / 'edges').mkdir()
        (scratch / 'edges' / 'text.jsonl').write_text(''.join(json.dumps(row) + '\n' for row in rows))
        with open(scratch / 'edges' / 'edges.jsonl', 'w') as out:
            for encoding, items in edges.items():
                out.write(json.dumps({
                    'encoding': encoding,
                    'family': values.family(encoding),
                    'small': small[encoding],
                    'values': [values.plain(encoding, item) for item in items],
                    **({'pixels': [values.pixels(encoding, item) for item in items]}
                       if encoding in ('jpeg', 'png') else {}),
                }) + '\n')
        for encoding, items in edges.items():
            write(scratch / 'alone', 'alone', {encoding: encoding}, None, [], 0, len(items), 1 << 26)
        for i, compression in enumerate([None, *sorted(get_compressions())]):
            write(scratch / 'all', 'all', every, compression, hashes, i, 3, 10000)
        for compression in ends():
            for algo in hashes:
                write(scratch / 'single', 'single', every, compression, [algo], len(data_sets), 1, 1 << 26)
        for file_format, (writer_class, options) in TEXT_WRITERS.items():
            for compression in ends():
                name = f'{len(data_sets):03}'
                columns = {'text': 'str', 'count': 'int', 'ratio': 'float', 'more': 'float'}
                with writer_class(columns=columns, out=str(scratch / 'text' / name), compression=compression,
                                  hashes=hashes, size_limit=1 << 20, **options) as writer:
                    for row in rows:
                        writer.write(row)
                data_sets.append({'group': 'text', 'name': name, 'format': file_format, 'compression': compression,
                                  'hashes': hashes, 'samples': len(rows)})
        for group in ['edges', 'alone', 'all', 'single', 'text']:
            pack(scratch / group, group)
    (HERE / 'manifest.json').write_text(json.dumps({
        'versions': {
            'python': platform.python_version(),
            **{name: version(name) for name in ['mosaicml-streaming', 'numpy', 'pillow', 'zstd', 'brotli',
                                                'python-snappy', 'xxhash']},
        },
        'encodings': sorted({*get_mds_encodings(), *map(values.family, values.ENCODINGS)}),
        'compressions': sorted(get_compressions()),
        'ends': [name for name in ends() if name],
        'hashes': hashes,
    }, indent=1)[:-2] + ',\n "data_sets": [\n  ' + ',\n  '.join(map(json.dumps, data_sets)) + '\n ]\n}\n')


if __name__ == '__main__':
    main()
