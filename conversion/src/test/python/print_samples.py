"""Prints every sample of an MDS data set, one a line, as DataFrameToMdsInteropTest expects it.

Usage: print_samples.py DIRECTORY. Written for mosaicml-streaming 0.13.0.
"""

import struct
import sys

from streaming import StreamingDataset


def text(value):
    if isinstance(value, str):
        return value.encode("utf-8").hex()
    if isinstance(value, bytes):
        return value.hex()
    kind = value.dtype.kind + str(value.dtype.itemsize)
    if kind == "f4":
        return struct.pack(">f", value).hex()
    if kind == "f8":
        return struct.pack(">d", value).hex()
    return str(int(value))


dataset = StreamingDataset(local=sys.argv[1], batch_size=1)
for i in range(dataset.size):
    sample = dataset[i]
    print("SAMPLE", " ".join(f"{name}={text(sample[name])}" for name in sorted(sample)))
