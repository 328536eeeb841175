"""Makes hashes.json with the real Python library: the digests of every hash of inputs of all sizes.

Run with mosaicml-streaming 0.13.0 installed: python make_hashes.py
The input of size n is its first n bytes of i * 31 + (i >> 8) * 7, modulo 256.
"""

import json
from pathlib import Path

from streaming.base.hashing import get_hash, get_hashes

SIZES = [*range(0, 300), 511, 512, 513, 1023, 1024, 1025, 1087, 1088, 1089, 2047, 2048, 2049, 4095,
         4096, 4097, 4159, 4160, 4161, 8191, 8192, 8193, 12345, 65536, 100000]
DATA = bytes((i * 31 + (i >> 8) * 7) % 256 for i in range(max(SIZES)))

# Of the long list of sizes only the digests' digest is kept, and some digests to find a fault by.
SHOWN = [0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1025, 100000]

out = {}
for algo in sorted(get_hashes()):
    digests = [get_hash(algo, DATA[:size]) for size in SIZES]
    out[algo] = {
        'all': get_hash('sha256', ''.join(digests).encode()),
        'some': {str(size): get_hash(algo, DATA[:size]) for size in SHOWN},
    }
(Path(__file__).parent / 'hashes.json').write_text(
    json.dumps({'sizes': SIZES, 'digests': out}, indent=1) + '\n')
