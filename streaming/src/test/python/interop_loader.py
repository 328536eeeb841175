"""Reads jobs from standard input, one in JSON a line, with the real StreamingDataLoader.

For each job it prints one line: the ids and the state after `take` batches, then the ids of the rest
of that epoch. Used by PythonInteropTest.
"""
import json
import shutil
import sys
import tempfile

from streaming import StreamingDataLoader, StreamingDataset
from streaming.base.util import clean_stale_shared_memory

for line in sys.stdin:
    job = json.loads(line)
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(job['directory'], scratch + '/data')
        dataset = StreamingDataset(local=copy, shuffle=True, shuffle_algo=job['algo'],
                                   batch_size=job['batch'], num_canonical_nodes=job['ncn'],
                                   shuffle_seed=job['seed'], shuffle_block_size=job['block'])
        loader = StreamingDataLoader(dataset, batch_size=job['batch'])
        if job['state']:
            loader.load_state_dict(job['state'])
        first, rest, state = [], [], None
        for number, batch in enumerate(loader):
            ids = batch['id'].tolist()
            if number < job['take']:
                first += ids
                state = loader.state_dict()
            else:
                rest += ids
        print('RESULT' + json.dumps({'first': first, 'state': state, 'rest': rest}), flush=True)
        del loader, dataset
        clean_stale_shared_memory()
