"""Values of every encoding of the real Python library: the edges of each, and random ones.

Shared by make_matrix.py, which makes golden files of them, and ../interop/peer.py, which exchanges
them with Java. A value travels between the languages in a plain form of JSON, see plain().
"""

import math
import pickle
import random
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from streaming.base.format.mds.encodings import NDArray, get_mds_encodings, mds_decode, mds_encode

DTYPES = sorted(NDArray._value_dtype2int)
SHAPED = [f'ndarray:{dtype}:{shape}' for dtype, shape in zip(
    DTYPES, ['2,3', '1', '3,1', '2,1,3,1', '7', '1,1', '40', '5', '3,2', '4', '2,3'])]
ENCODINGS = sorted(get_mds_encodings()) + [f'ndarray:{dtype}' for dtype in DTYPES] + SHAPED
BITS = {'int': 64, **{f'{sign}int{bits}': bits for sign in ['', 'u'] for bits in [8, 16, 32, 64]}}
FLOATS = {'float16': np.float16, 'float32': np.float32, 'float64': np.float64}
TEXT = ['a', 'Z', '"', '\\', '\n', '\t', '\x00', '\x7f', 'é', 'β', '\u2028', '日', '\ufffd', '😀', '\U0010ffff']


def family(encoding):
    """The encoding with any shape as one."""
    parts = encoding.split(':')
    return ':'.join([*parts[:2], 'shape']) if len(parts) > 2 else encoding


@dataclass
class Encoded:
    """A value whose encoded form other values may share or that a writer would write otherwise."""
    data: bytes
    value: object


def encoded(encoding, data):
    return Encoded(data, mds_decode(encoding, data))


def raw(value):
    """What to give the library's writer: it takes bytes as encoded already."""
    return value.data if isinstance(value, Encoded) else value


def encode(encoding, value):
    return value.data if isinstance(value, Encoded) else mds_encode(encoding, value)


def image(mode, width, height, rng):
    size = len(Image.new(mode, (width, height)).tobytes())
    return Image.frombytes(mode, (width, height), rng.randbytes(size))


def jpeg(mode, width, height, rng):
    out = BytesIO()
    image(mode, width, height, rng).save(out, format='JPEG')
    return out.getvalue()


def modes():
    """The modes that the installed PIL keeps raw."""
    return [mode for mode in Image.MODES if Image.new(mode, (1, 1)).tobytes()]


def saves(mode, file_format):
    try:
        Image.new(mode, (2, 2)).save(BytesIO(), format=file_format)
    except OSError:
        return False
    return True


def array(dtype, shape, rng):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(rng.randbytes(size), dtype).reshape(shape)


def array_edges(dtype, rng):
    """Arrays of one dtype: its extremes, and dimensions of each width."""
    if dtype.startswith('float'):
        info = np.finfo(dtype)
        yield np.array([0.0, -0.0, np.nan, np.inf, -np.inf, info.max, info.min, info.tiny,
                        info.smallest_subnormal], dtype)
    else:
        info = np.iinfo(dtype)
        yield np.array([[info.min, info.max, 0], [1, 2, 3]], dtype)
    yield np.array([1], dtype)
    yield array(dtype, (2, 1, 3), rng)
    # In memory column by column; in the file row by row.
    yield np.asfortranarray(array(dtype, (3, 2), rng))
    yield np.ones((255, 1), dtype)
    yield np.ones((1, 256), dtype)


def json_edges():
    yield from [None, True, False, 0, -1, 2**31, 2**63 - 1, 2**63, -2**80, 10**1500, 0.1, -0.0, 1e16, 1e15,
                1e22, 1e23, 5e-324, 1.7976931348623157e308, 1e-4, 1e-5, math.inf, -math.inf, math.nan, '',
                'a"b\\c/\b\f\n\r\t\x00\x1f\x7f\x80é\u2028\uffff😀', '\ud800 half a pair', [], {}, [[]], [{}],
                {'z': 1, 'a': {'y': [None, True], 'b': 'é'}, '': '', 'ключ': {'😀': [0.5]}},
                [1, [2, [3, {'d': [4]}]]], {'1': 1, '10': 2, '2': 3}]
    deep = []
    for _ in range(400):
        deep = [deep]
    yield deep
    yield np.arange(6, dtype=np.float32).reshape(2, 3) / 4


def pickle_edges():
    yield from [None, True, False, 0, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -2**31, -2**31 - 1,
                2**63, -2**63, 255**255, 2**2100, 0.1, -0.0, math.inf, math.nan, '', 'é😀', 'x' * 255, 'x' * 256,
                # Bytes alone would be taken as a pickle.
                [b'', b'\x00\xff', b'y' * 300], [], {}, [1], [1, 2], {'a': 1}, {'a': 1, 'b': [2, {'c': None}]},
                {1: 'one', 2.5: 'two'}, list(range(1000)), list(range(1001)),
                list(range(2001)), {str(1000 + i): i for i in range(1000)}, {str(1000 + i): i for i in range(1002)},
                # Around the 64 KiB at which pickle ends a frame.
                ['x' * 65535, 1], ['x' * 65536, 1], ['x' * 65536], [1, b'x' * 65537, [2], 'x' * 70000],
                [str(i) + 'x' * 1000 for i in range(200)], {'a': 'x' * 65520, 'b': 1, 'c': [2, 3]},
                {'a': 'x' * 65500, 'b': [[], {}], 'c': [2, 3, {'d': 'e' * 65530}, 4]}]
    shared = ['shared']
    for value in [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [shared, shared], {'a', 1}, set(),
                  frozenset({1, 2}), ['s', 's'], bytearray(b'changes') ]:
        for protocol in [0, 1, 2, 3, 4, 5]:
            data = pickle.dumps(value, protocol)
            # Older protocols have no way to say these but by calling something.
            if isinstance(value, (set, frozenset)) and protocol < 4 or isinstance(
                    value, bytearray) and protocol < 5:
                continue
            yield Encoded(data, value)
    for protocol in [0, 1, 2, 3, 5]:
        value = {'i': [1, -1, 70000, 2**40, 2**70], 'f': 0.5, 't': 'é\n\\', 'n': None, 'b': [True, False]}
        yield Encoded(pickle.dumps(value, protocol), value)


def image_edges(encoding, rng):
    if encoding == 'pil':
        for mode in modes():
            yield image(mode, 5, 3, rng)
        for width, height in [(1, 1), (8, 1), (9, 2), (16, 1)]:
            yield image('1', width, height, rng)
        yield image('RGB', 1, 9, rng)
        yield Image.new('L', (0, 3))
    elif encoding == 'png':
        for mode in modes():
            if saves(mode, 'PNG'):
                yield image(mode, 5, 3, rng)
        palette = image('P', 5, 3, rng)
        palette.putpalette(rng.randbytes(768))
        yield palette
    elif encoding == 'jpeg':
        for mode in modes():
            if saves(mode, 'JPEG'):
                yield image(mode, 5, 3, rng)
        # From a file the library keeps the file's own bytes.
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / 'progressive.jpg'
            image('RGB', 6, 6, rng).save(path, format='JPEG', progressive=True, quality=30)
            opened = Image.open(path)
            data = mds_encode('jpeg', opened)
            assert data == path.read_bytes()
            yield Encoded(data, Image.open(BytesIO(data)))
    elif encoding in ('jpeg_array', 'jpegarray'):
        yield [jpeg('RGB', 3, 4, rng)]
        yield [jpeg('L', 2, 2, rng), jpeg('RGB', 5, 1, rng), jpeg('CMYK', 1, 1, rng)]
    else:
        kind = encoding[5:-1]
        yield []
        yield [image('RGB', 2, 3, rng)]
        yield [image(mode, 3, 2, rng) for mode in ['L', 'RGB', 'CMYK' if kind == 'jpeg' else 'RGBA']]


def edges(encoding):
    """The values of an encoding where an implementation may go wrong, the same in each run."""
    rng = random.Random(encoding)
    if encoding in BITS:
        low, high = (0, 2**BITS[encoding] - 1) if encoding[0] == 'u' else (
            -2**(BITS[encoding] - 1), 2**(BITS[encoding] - 1) - 1)
        return [low, high, 0, 1, low + 1, high - 1, high // 2 + 1, *([-1] if low else [])]
    if encoding in FLOATS:
        info = np.finfo(encoding)
        values = [0.0, -0.0, math.inf, -math.inf, math.nan, 0.1, -1.5, 1 / 3, 2049.0, float(info.max), float(info.min),
                  float(info.tiny), float(info.smallest_subnormal), 65519.99, 65520.0, 2.0**-25, 1.0000001e-7]
        if encoding != 'float64':
            values += [1 + float(info.eps) / 2, 1 + 1.5 * float(info.eps), 1e300, 1e-300]
        bits = {'float16': '017e', 'float32': '0100c0ff', 'float64': '010000000000f8ff'}[encoding]
        return [*values, encoded(encoding, bytes.fromhex(bits))]
    if encoding == 'bytes':
        return [b'', b'\x00', bytes(range(256)), b'{"hex": 1}', b'\xff\xfe\xc3']
    if encoding == 'str':
        return ['', 'a', '\x00', '\ufeffBOM', 'é' * 50, '😀\U0010ffff', 'e\u0301', '\r\n\u2028', '\ufffd\uffff', '{"a": 1}']
    if encoding == 'str_int':
        return [0, -1, 2**63, -2**63 - 1, 10**100, -10**4299, 7, encoded(encoding, b'-0'), encoded(encoding, b'007')]
    if encoding == 'str_float':
        return [0.0, -0.0, 1.0, -1.5, 0.1, 1e15, 1e16, 123456789012345680.0, 1e-4, 1e-5, 5e-324, 2e-323, 1e22, 1e23,
                9007199254740993.0, 1.7976931348623157e308, 2.2250738585072014e-308, math.inf, -math.inf, math.nan, 100.0,
                encoded(encoding, b'3'), encoded(encoding, b'1e5'), encoded(encoding, b'0.10')]
    if encoding == 'str_decimal':
        texts = ['0', '1.50', '-1E+3', '1E-7', '0.000001', '0E-8', '0.00', '123456789.123456789123456789', '1E+999999',
                 '-9.99E-999999', '1' * 500, '0E+3', '-0.1', '1E+100000000']
        return [*map(Decimal, texts), encoded(encoding, b'-0'), encoded(encoding, b'-0.00'), encoded(encoding, b'1E5')]
    if encoding == 'json':
        return list(json_edges())
    if encoding == 'pkl':
        return list(pickle_edges())
    if encoding == 'ndarray':
        values = [next(array_edges(dtype, rng)) for dtype in DTYPES]
        values += [np.ones(255, np.uint8), np.ones(256, np.int8), np.ones((1, 65535), np.uint8),
                   np.ones((65536, 1), np.uint8), array('uint8', (1,) * 62 + (2,), rng),
                   np.asfortranarray(array('int16', (3, 2), rng)), np.array([True]).astype('uint8')]
        # Eight bytes a dimension, which the library writes beyond 2^32 alone but always reads.
        return [*values, encoded(encoding, bytes([17, 2 << 2 | 3]) + np.array([2, 1], 'u8').tobytes() + b'\x01\x02\x03\x04')]
    if encoding.startswith('ndarray:'):
        _, dtype, *shape = encoding.split(':')
        if not shape:
            return list(array_edges(dtype, rng))
        return [array(dtype, tuple(map(int, shape[0].split(','))), rng) for _ in range(3)]
    return list(image_edges(encoding, rng))


def text(rng, most=20):
    return ''.join(rng.choices(TEXT, k=rng.randint(0, most)))


def random_json(rng, depth=3, keys=text):
    kind = rng.randrange(10 if depth else 7)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind in (1, 2):
        return rng.randint(-10**rng.randint(1, 30), 10**rng.randint(1, 30))
    if kind in (3, 4):
        return random_float(rng)
    if kind in (5, 6):
        return text(rng)
    if kind in (7, 8):
        return [random_json(rng, depth - 1, keys) for _ in range(rng.randint(0, 4))]
    return {keys(rng): random_json(rng, depth - 1, keys) for _ in range(rng.randint(0, 4))}


def random_float(rng):
    return rng.choice([
        lambda: rng.uniform(-1e4, 1e4), lambda: math.ldexp(rng.uniform(-1, 1), rng.randint(-1074, 1023)),
        lambda: float(rng.randint(-10**6, 10**6)), lambda: round(rng.uniform(-100, 100), rng.randint(0, 6)),
        lambda: rng.choice([0.0, -0.0, math.inf, -math.inf, math.nan])])()


def random_value(encoding, rng):
    """A random value of the encoding."""
    if encoding in BITS:
        bits = rng.randint(0, BITS[encoding])
        value = rng.getrandbits(bits) if bits else 0
        return value if encoding[0] == 'u' else (value >> 1 if rng.random() < 0.5 else -(value >> 1))
    if encoding in FLOATS:
        return float(FLOATS[encoding](random_float(rng)))
    if encoding == 'bytes':
        return rng.randbytes(rng.randint(0, 200))
    if encoding == 'str':
        return text(rng, 60)
    if encoding == 'str_int':
        return rng.randint(-10**rng.randint(0, 60), 10**rng.randint(0, 60))
    if encoding == 'str_float':
        return random_float(rng)
    if encoding == 'str_decimal':
        return Decimal((rng.randint(0, 1), tuple(rng.choices(range(10), k=rng.randint(1, 40))),
                        rng.randint(-60, 60))) + 0 or Decimal('0E+2')
    if encoding == 'json':
        return random_json(rng)
    if encoding == 'pkl':
        # Pickle writes a reference where one object occurs twice, and single characters are one object
        # each; which bytes result shows what the objects were, not what the value is.
        value = random_json(rng, keys=lambda rng: f'k{rng.getrandbits(40):x}é')
        return [distinct(value, rng), rng.randbytes(rng.randint(2, 300))]
    if encoding.startswith('ndarray'):
        _, *parts = encoding.split(':')
        dtype = parts[0] if parts else rng.choice(DTYPES)
        if len(parts) > 1:
            shape = tuple(map(int, parts[1].split(',')))
        else:
            shape = tuple(rng.choice([1, 2, 3, 5]) for _ in range(rng.randint(1, 4)))
            shape = rng.choice([shape, shape, (rng.randint(200, 300),)])
        return array(dtype, shape, rng)
    width, height = rng.randint(1, 9), rng.randint(1, 9)
    if encoding == 'pil':
        return image(rng.choice(modes()), width, height, rng)
    if encoding == 'png':
        return image(rng.choice(['1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'I;16']), width, height, rng)
    if encoding == 'jpeg':
        return image(rng.choice(['L', 'RGB', 'CMYK']), width, height, rng)
    if encoding in ('jpeg_array', 'jpegarray'):
        return [jpeg(rng.choice(['L', 'RGB', 'CMYK']), width, height, rng) for _ in range(rng.randint(1, 3))]
    return [random_value(encoding[5:-1], rng) for _ in range(rng.randint(0, 3))]


def distinct(value, rng):
    """The value with no text that could be one object with another."""
    if isinstance(value, str):
        return f'{value}{rng.getrandbits(40):x}'
    if isinstance(value, list):
        return [distinct(item, rng) for item in value]
    if isinstance(value, dict):
        return {key: distinct(item, rng) for key, item in value.items()}
    return value


def plain(encoding, value):
    """The value as JSON; what JSON lacks becomes an object with one key that says what it is."""
    if isinstance(value, Encoded):
        return {'encoded': value.data.hex(), 'value': plain(encoding, value.value)}
    if encoding == 'json':
        return {'json': value.tolist() if isinstance(value, np.ndarray) else value}
    if encoding in ('jpeg', 'png'):
        return {'hex': file_of(encoding, value).hex()}
    if encoding in ('jpeg_array', 'jpegarray'):
        return {'list': [{'hex': data.hex()} for data in value]}
    if encoding.startswith('list['):
        return {'list': [plain(encoding[5:-1], item) for item in value]}
    if isinstance(value, (bytes, bytearray)):
        return {'hex': value.hex()}
    if isinstance(value, (float, np.floating)):
        value = float(value)
        return value if math.isfinite(value) else {'float': str(value)}
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, Decimal):
        return {'decimal': str(value)}
    if isinstance(value, np.ndarray):
        return {'ndarray': [value.dtype.name, list(value.shape), value.tobytes().hex()]}
    if isinstance(value, Image.Image):
        return {'pil': [*value.size, value.mode, value.tobytes().hex()]}
    if isinstance(value, (list, tuple)):
        return {'list': [plain(encoding, item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {'set': [plain(encoding, item) for item in sorted(value, key=repr)]}
    if isinstance(value, dict):
        return {'map': [[plain(encoding, key), plain(encoding, item)] for key, item in value.items()]}
    return value


def pixels(encoding, value):
    """What a reader of the image's file shall see, as gray, RGB or RGBA; none for 16 bits a channel."""
    decoded = mds_decode(encoding, encode(encoding, value))
    mode = {'1': 'L', 'L': 'L', 'LA': 'RGBA', 'P': 'RGB', 'RGB': 'RGB', 'RGBA': 'RGBA',
            'CMYK': 'RGB'}.get(decoded.mode)
    return plain('pil', decoded.convert(mode)) if mode else None


def file_of(encoding, value):
    if isinstance(value, Image.Image) and getattr(value, 'fp', None) is not None:
        value.fp.seek(0)
        return value.fp.read()
    return mds_encode(encoding, value)
