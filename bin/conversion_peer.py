"""Python's side of `bin/benchmark conversion`: dataframe_to_mds of mosaicml-streaming.

Usage: conversion_peer.py DIRECTORY ROWS RUNS HEAP PASSES. Prints a line `PASS MILLISECONDS` for
each, the median of its runs, of which the first is not counted.
"""

import json
import logging
import os
import shutil
import statistics
import sys
import time

import pyspark
import streaming
from pyspark.sql import SparkSession
from streaming.base.converters import dataframe_to_mds

work, rows, runs, heap, passes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
out = os.path.join(work, 'python-out')
logging.getLogger('streaming').setLevel(logging.ERROR)
os.environ['PYSPARK_PYTHON'] = sys.executable

spark = (SparkSession.builder.master('local[2]').appName('conversion_peer')
         .config('spark.driver.memory', heap)
         .config('spark.ui.enabled', 'false')
         .config('spark.driver.host', '127.0.0.1')
         .config('spark.driver.bindAddress', '127.0.0.1')
         .config('spark.local.dir', os.path.join(work, 'spark-local'))
         .getOrCreate())


def convert(compression):
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    dataframe_to_mds(spark.read.parquet(os.path.join(work, 'table')),
                     mds_kwargs={'out': out, 'compression': compression})
    took = (time.perf_counter() - start) * 1e3
    with open(os.path.join(out, 'index.json')) as index:
        written = sum(shard['samples'] for shard in json.load(index)['shards'])
    if written != rows:
        raise SystemExit(f'{written} of {rows} rows were written')
    return took


print('version', streaming.__version__ + ',pyspark-' + pyspark.__version__, flush=True)
for name in passes.split(','):
    compression = None if name == 'plain' else name
    times = [convert(compression) for _ in range(runs + 1)]
    print(name, statistics.median(times[1:]), flush=True)
shutil.rmtree(out, ignore_errors=True)
spark.stop()
