"""Python's half of DataFrameToMdsInteropTest: reads what Spark on the JVM wrote, and writes for it.

Usage: interop_conversion.py DIRECTORY. Written for mosaicml-streaming 0.13.0 and pyspark 4.1.3.

DIRECTORY/cases.json lists data sets in DIRECTORY/java, whose samples go to DIRECTORY/read, one a
line. Data sets for the other way go to DIRECTORY/python, with their samples beside them. Both are
made of the same texts of values, which text() makes.
"""

import decimal
import json
import os
import re
import shutil
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
import xxhash
from PIL import Image
from streaming import MDSWriter, StreamingDataset
from streaming.base.format.mds.encodings import mds_encode
from streaming.base.hashing import get_hash
from streaming.base.util import clean_stale_shared_memory, merge_index

warnings.filterwarnings('ignore')
root = Path(sys.argv[1])


def number(value):
    if isinstance(value, (float, np.floating)):
        value = float(value)
        return 'nan' if value != value else struct.pack('>d', value).hex()
    return str(int(value))


def text(encoding, value):
    if encoding == 'json':
        return {'json': value}
    if encoding == 'jpeg':
        return f'jpeg {value.mode} {value.width}x{value.height}'
    if isinstance(value, Image.Image):
        return f'image {value.mode} {value.width}x{value.height} {value.tobytes().hex()}'
    if isinstance(value, np.ndarray):
        if encoding != 'ndarray' and encoding.split(':')[1] != value.dtype.name:
            raise TypeError(f'{encoding} gave {value.dtype}')
        return f'ndarray {list(value.shape)} {" ".join(number(one) for one in value.ravel())}'
    if isinstance(value, str):
        return 'str ' + value
    if isinstance(value, bytes):
        return 'bytes ' + value.hex()
    if isinstance(value, decimal.Decimal):
        return 'decimal ' + format(value, 'f')
    if isinstance(value, np.generic) and value.dtype.name != encoding:
        raise TypeError(f'{encoding} gave {value.dtype}')
    return ('float ' if isinstance(value, (float, np.floating)) else 'int ') + number(value)


def dump(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', encoding='utf-8') as out:
        for sample in samples:
            out.write(json.dumps(sample) + '\n')


def check_files(data, hashes):
    """Sizes and hashes of all files, and names that tell the content."""
    with open(data / 'index.json') as file:
        shards = json.load(file)['shards']
    for shard in shards:
        if shard['hashes'] != hashes:
            raise ValueError(f'{data}: hashes are {shard["hashes"]}, not {hashes}')
        stored = shard['zip_data'] or shard['raw_data']
        content = (data / stored['basename']).read_bytes()
        if stored['bytes'] != len(content):
            raise ValueError(f'{data}: {stored}: {len(content)} bytes')
        for algorithm in hashes:
            if stored['hashes'][algorithm] != get_hash(algorithm, content):
                raise ValueError(f'{data}: {stored}: {algorithm}')
        name = re.fullmatch(r'(?:.*/)?shard\.\d{5}\.([0-9a-f]{16})\.mds(\.\w+)?', stored['basename'])
        if name.group(1) != xxhash.xxh3_64(content).hexdigest():
            raise ValueError(f'{data}: {stored["basename"]} does not tell its content')
    return shards


def read(case):
    data = root / 'java' / case['name']
    if not case['merged']:
        if (data / 'index.json').exists():
            raise ValueError(f'{data} has an index')
        merge_index(str(data))
    shards = check_files(data, case['hashes'])
    encodings = dict(zip(shards[0]['column_names'], shards[0]['column_encodings']))
    # Through a cache: what is there already is not checked by hash.
    for validate in case['hashes'] or [None]:
        cache = root / 'cache' / f'{case["name"]}-{validate}'
        dataset = StreamingDataset(remote=str(data), local=str(cache), batch_size=1, shuffle=False,
                                   num_canonical_nodes=1, validate_hash=validate, allow_unsafe_types=True)
        samples = [dataset[i] for i in range(dataset.size)]
        del dataset
        shutil.rmtree(cache)
    clean_stale_shared_memory()
    dump(root / 'read' / (case['name'] + '.jsonl'),
         ({name: text(encodings[name], value) for name, value in sample.items()} for sample in samples))


def sample(i):
    """A value for each encoding, and what Spark is to make of it where that is not the value."""
    image = Image.frombytes('RGB', (3, 2), bytes((i * 7 + k) % 256 for k in range(18)))
    return {
        'id': ('int64', i),
        'a_int8': ('int8', np.int8(i - 20)),
        'a_int16': ('int16', np.int16(-700 * i)),
        'a_int32': ('int32', np.int32(-2**31 + i)),
        'a_uint8': ('uint8', np.uint8(255 - i)),
        'a_uint16': ('uint16', np.uint16(65535 - i)),
        'a_uint32': ('uint32', np.uint32(2**32 - 1 - i)),
        'a_uint64': ('uint64', np.uint64(2**64 - 1 - i)),
        'a_float16': ('float16', np.float16(i / 3)),
        'a_float32': ('float32', np.float32('inf') if i == 3 else np.float32(-i / 3)),
        'a_float64': ('float64', np.float64('nan') if i == 4 else np.float64(i / 7)),
        'a_int': ('int', -i * 10**15),
        'a_str': ('str', 'größe \U0001F600 ' * (i % 3)),
        'a_str_int': ('str_int', 10**30 + i),
        'a_str_float': ('str_float', i / 11),
        'a_str_decimal': ('str_decimal', decimal.Decimal(i).scaleb(-3)),
        'a_bytes': ('bytes', bytes(range(i))),
        'a_json': ('json', {'n': i, 'f': i / 3, 'l': [None, True, {'größe': float('inf')}]}),
        'a_ndarray': ('ndarray', np.arange(6, dtype=np.int16).reshape(2, 3) * i),
        'a_typed': ('ndarray:float32', np.arange(i + 1, dtype=np.float32) / 3),
        'a_shaped': ('ndarray:uint8:2,2', np.full((2, 2), i, np.uint8)),
        'a_pil': ('pil', image),
        'a_png': ('png', image),
        'a_jpeg': ('jpeg', image),
        'a_pkl': ('pkl', {'n': i}),
    }


def write():
    samples = [sample(i) for i in range(40)]
    encodings = {name: encoding for name, (encoding, _) in samples[0].items()}
    opaque = ('pil', 'png', 'jpeg', 'pkl')
    expected = [{
        name: text('bytes', mds_encode(encoding, value)) if encoding in opaque else text(encoding, value)
        for name, (encoding, value) in one.items()
    } for one in samples]
    for compression in (None, 'zstd:11', 'gz', 'br:5', 'bz2', 'snappy'):
        data = root / 'python' / ('MDSWriter-' + (compression or 'none').replace(':', '-'))
        with MDSWriter(out=str(data / 'data'), columns=encodings, compression=compression,
                       hashes=['sha1', 'xxh64'], size_limit=9000) as out:
            for one in samples:
                out.write({name: value for name, (_, value) in one.items()})
        dump(data / 'samples.jsonl', expected)


def convert():
    from pyspark.sql import SparkSession
    from streaming.base.converters import dataframe_to_mds
    os.environ['PYSPARK_PYTHON'] = sys.executable
    spark = (SparkSession.builder.master('local[2]').config('spark.driver.memory', '1g')
             .config('spark.ui.enabled', 'false').config('spark.driver.host', '127.0.0.1')
             .config('spark.driver.bindAddress', '127.0.0.1')
             .config('spark.local.dir', str(root / 'spark-local')).getOrCreate())
    frame = spark.range(0, 100, 1, 3).selectExpr(
        'id', 'cast(id as tinyint) as t', 'cast(id * 300 as smallint) as h', 'cast(-id as int) as i',
        'cast(id / 3 as float) as f', 'id / 7.0d as d', 'cast(id / 100 as decimal(38, 18)) as m',
        "concat('größe ', id) as s", "encode(repeat('x', cast(id as int)), 'UTF-8') as b",
        # dataframe_to_mds wants elements that could be null.
        *(f'array({value}, if(id < 0, null, {value})) as {name}' for name, value in (
            ('ai', 'cast(-id as int)'), ('af', 'cast(id / 3 as float)'), ('al', 'id'), ('ad', 'id / 7.0d'))))
    encodings = {'id': 'int64', 't': 'uint8', 'h': 'uint16', 'i': 'int32', 'f': 'float32', 'd': 'float64',
                 'm': 'str_decimal', 's': 'str', 'b': 'bytes', 'ai': 'ndarray:int32',
                 'af': 'ndarray:float32', 'al': 'ndarray:int64', 'ad': 'ndarray:float64'}

    def plain(encoding, value):
        if encoding.startswith('ndarray'):
            return np.array(value, encoding.split(':')[1])
        return bytes(value) if encoding == 'bytes' else value

    expected = [{name: text(encoding, plain(encoding, row[name])) for name, encoding in encodings.items()}
                for row in frame.collect()]
    for name, options in (('inferred', {}), ('given', {'columns': encodings, 'compression': 'gz', 'hashes': ['sha1']})):
        data = root / 'python' / ('dataframe_to_mds-' + name)
        dataframe_to_mds(frame, mds_kwargs={'out': str(data / 'data'), **options})
        dump(data / 'samples.jsonl', expected)
    spark.stop()


with open(root / 'cases.json') as file:
    for listed in json.load(file):
        read(listed)
write()
convert()
