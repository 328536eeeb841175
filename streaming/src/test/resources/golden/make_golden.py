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
from decimal import Decimal
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from streaming import CSVWriter, JSONWriter, MDSWriter, TSVWriter, XSVWriter
from streaming.base.format.mds.encodings import mds_encode
from streaming.base.hashing import get_hashes
from streaming.base.util import merge_index

HERE = Path(__file__).parent
INTS = {'int': 64, 'int8': 8, 'int16': 16, 'int32': 32, 'int64': 64}
UINTS = {'uint8': 8, 'uint16': 16, 'uint32': 32, 'uint64': 64}
FLOATS = ['float16', 'float32', 'float64']


def plain(value, encoding):
    """The value as JSON; what JSON lacks becomes an object with one key that says what it is."""
    if encoding in ('json', 'pkl'):
        return {'json': value.tolist() if isinstance(value, np.ndarray) else value}
    if encoding in ('jpeg', 'png'):
        return {'hex': mds_encode(encoding, value).hex()}
    if encoding in ('jpeg_array', 'jpegarray'):
        return {'list': [{'hex': image.hex()} for image in value]}
    if encoding.startswith('list['):
        return {'list': [plain(image, encoding[5:-1]) for image in value]}
    if isinstance(value, bytes):
        return {'hex': value.hex()}
    if isinstance(value, float) and not math.isfinite(value):
        return {'float': str(value)}
    if isinstance(value, Decimal):
        return {'decimal': str(value)}
    if isinstance(value, np.ndarray):
        return {'ndarray': [value.dtype.name, list(value.shape), value.tobytes().hex()]}
    if isinstance(value, Image.Image):
        return {'pil': [*value.size, value.mode, value.tobytes().hex()]}
    return value


def case(name, columns, samples, **options):
    """Writes one data set."""
    root = HERE / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / 'spec.json').write_text(json.dumps({'columns': columns, **options}) + '\n')
    with open(root / 'samples.jsonl', 'w') as out:
        for sample in samples:
            out.write(json.dumps({key: plain(value, columns[key]) for key, value in sample.items()}) + '\n')
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


def text_numbers():
    """Numbers stored as text."""
    rng = random.Random(8)
    floats = [0.0, -0.0, 1.0, 0.1, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 5e-324, 2e-323,
              1.7976931348623157e308, 2.0**53, 1e22, 1e23, 9007199254740993.0, math.inf, -math.inf,
              math.nan, 100.0, 2.2250738585072014e-308]
    floats += [math.ldexp(rng.uniform(-1, 1), rng.randint(-1074, 1023)) for _ in range(200)]
    floats += [float(f'{rng.randint(1, 99)}e{rng.randint(-323, 307)}') for _ in range(200)]
    decimals = ['0', '1.50', '-1E+3', '1E-7', '0.000001', '0E-8', '123456789.123456789123456789']
    case('text-numbers', {'i': 'str_int', 'f': 'str_float', 'd': 'str_decimal'},
         [{'i': rng.randint(-10**rng.randint(1, 60), 10**40), 'f': value,
           'd': Decimal(decimals[i % len(decimals)])} for i, value in enumerate(floats)])


def json_values():
    """JSON of every kind, and pickles of the same plain data."""
    values = [None, True, False, 0, -1, 2**31, 2**63, -2**80, 1.5, 1e100, 1e-7, '', 'a"b\\c\n\x7fé😀',
              [], {}, [1, [2, [3, {}]]], {'b': 1, 'a': {'z': None, 'y': [0.1, -0.0]}},
              'x' * 300, list(range(1100)), {str(i): i for i in range(1100)}]
    case('json', {'j': 'json'}, [{'j': value} for value in values])
    case('json-ndarray', {'j': 'json'}, [{'j': np.arange(6, dtype=np.float32).reshape(2, 3) / 4}])
    # Distinct objects only: pickle refers back to an object it has seen, which no value shows.
    case('pkl', {'p': 'pkl'}, [{'p': json.loads(json.dumps(value))} for value in values])


def arrays():
    """Every dtype with every way to say dtype and shape."""
    rng = np.random.default_rng(9)
    dtypes = ['uint8', 'int8', 'uint16', 'int16', 'float16', 'uint32', 'int32', 'float32',
              'uint64', 'int64', 'float64']

    def array(dtype, shape):
        values = rng.integers(0, 100, shape) if shape != (1, ) else np.array([101])
        return values.astype(dtype)

    columns = {f'{name}-{kind}': f'ndarray:{name}{suffix}' for name in dtypes
               for kind, suffix in [('d', ''), ('ds', ':2,3')]}
    columns['any'] = 'ndarray'
    samples = []
    for i, name in enumerate(dtypes):
        shape = [(70000, ), (1, ), (5, ), (2, 3), (300, ), (1, 1, 1, 1), (3, 1, 2)][i if i < 7 else i - 6]
        sample = {column: array(column.split('-')[0], (2, 3) if column.endswith('ds') else (1 + i, ))
                  for column in columns if column != 'any'}
        samples.append({**sample, 'any': array(name, shape)})
    case('ndarray', columns, samples)


def images():
    """Images of every mode that PIL keeps raw, files, and lists of them."""
    rng = random.Random(10)

    def image(mode, width, height):
        size = len(Image.new(mode, (width, height)).tobytes())
        return Image.frombytes(mode, (width, height), rng.randbytes(size))

    def jpeg(width, height):
        out = BytesIO()
        image('RGB', width, height).save(out, format='JPEG')
        return out.getvalue()

    modes = ['1', 'L', 'P', 'RGB', 'RGBA', 'CMYK', 'YCbCr', 'LAB', 'HSV', 'I', 'F', 'LA', 'RGBX',
             'I;16']
    case('pil', {'image': 'pil'}, [{'image': image(mode, 5, 3)} for mode in modes])
    case('image-files', {'j': 'jpeg', 'p': 'png'},
         [{'j': image('RGB', 7, 5), 'p': image(mode, 4, 6)} for mode in ['L', 'RGB', 'RGBA']])
    case('image-lists', {'a': 'jpeg_array', 'b': 'jpegarray', 'i': 'list[pil]', 'j': 'list[jpeg]',
                         'p': 'list[png]'},
         [{'a': [jpeg(3, 3)] * n, 'b': [jpeg(2, 5)], 'i': [image('L', 2, 2) for _ in range(n)],
           'j': [image('RGB', 4, 4) for _ in range(n)],
           'p': [image('RGB', 2, 2) for _ in range(n - 1)]} for n in [1, 3]])


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


def text_formats():
    """Rows of text, in the four formats that have them."""
    rng = random.Random(12)
    columns = {'text': 'str', 'count': 'int', 'ratio': 'float'}
    words = ['alpha', 'βήτα', '日本', '😀', '"quoted"', '', 'a b', "it's", '\\']
    samples = [{'text': ' '.join(rng.choices(words, k=3)), 'count': rng.randint(-10**6, 2**60),
                'ratio': rng.choice([0.5, 1e-9, 1e22, -3.0, rng.random()])} for _ in range(50)]
    writers = {
        'json': (JSONWriter, {}),
        'csv': (CSVWriter, {'compression': 'zstd'}),
        'tsv': (TSVWriter, {'newline': '\r\n'}),
        'xsv': (XSVWriter, {'separator': ' | ', 'compression': 'gz'}),
    }
    for name, (writer_class, options) in writers.items():
        root = HERE / 'text' / name
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        with open(root / 'samples.jsonl', 'w') as out:
            out.writelines(json.dumps(sample) + '\n' for sample in samples)
        with writer_class(columns=columns, out=str(root / 'data'), size_limit=1000,
                          hashes=['md5', 'xxh64'], **options) as writer:
            for sample in samples:
                writer.write(sample)


def main():
    """Makes everything."""
    scalars()
    text_numbers()
    json_values()
    arrays()
    images()
    text_formats()
    case('raw', COLUMNS, list(text_and_bytes(40, 2)), size_limit=2048,
         hashes=['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha3_224', 'sha3_256', 'sha3_384',
                 'sha3_512', 'sha512'])
    for level in [None, 1, 9, 19, 22]:
        spec = 'zstd' if level is None else f'zstd:{level}'
        case(spec.replace(':', '-'), COLUMNS, list(text_and_bytes(30, 3)), size_limit=2048,
             hashes=['sha1', 'sha256'], compression=spec)
    for spec in ['br', 'br:0', 'br:5', 'bz2', 'bz2:1', 'gz', 'gz:0', 'gz:1', 'gz:6', 'snappy']:
        case(spec.replace(':', '-'), COLUMNS, list(text_and_bytes(30, 11)), size_limit=2048,
             hashes=sorted(get_hashes()), compression=spec)
    case('oversized-first', COLUMNS,
         [{'text': 'x' * 500, 'label': 0, 'data': b''}, {'text': '', 'label': 1, 'data': b'y'}],
         size_limit=400)
    case('no-limit', COLUMNS, list(text_and_bytes(10, 4)), size_limit=None)
    case('empty', COLUMNS, [], hashes=['md5'])
    case('names', {'é': 'int8', 'z': 'int8', 'A': 'str', '😀': 'int8', '\uff5e': 'int8'},
         [{'é': 1, 'z': 2, 'A': 'b', '😀': 3, '\uff5e': 4}])
    shutil.rmtree(HERE / 'merged', ignore_errors=True)
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
        **{name: version(name) for name in ['mosaicml-streaming', 'numpy', 'pillow', 'zstd', 'brotli', 'python-snappy',
                                               'xxhash']},
    }, indent=2) + '\n')


if __name__ == '__main__':
    sys.exit(main())
