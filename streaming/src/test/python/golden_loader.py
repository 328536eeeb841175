"""Writes a data set and what the real StreamingDataLoader reads of it, for PythonLoaderTest.

Made with mosaicml-streaming 0.13.0, torch 2.15: python golden_loader.py OUT_DIRECTORY
OUT_DIRECTORY/data is the data set (53 samples, zstd). Each line of OUT_DIRECTORY/loader.jsonl.gz is
one rank of one run: its settings, and per epoch the ids of each batch and the state after it.
"""
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile

CONFIGS = []
for workers in [0, 1, 2, 3]:
    for batch_size, ranks in [(4, 1), (5, 2), (7, 1), (16, 2)]:
        for drop_last in [False, True]:
            CONFIGS.append(
                dict(workers=workers, batch_size=batch_size, ranks=ranks, drop_last=drop_last,
                     ncn=1 + workers, seed=9176 + workers, block=20, epochs=2, state=None))
for taken in [0, 5, 20, 50, 53]:
    state = dict(epoch=3, sample_in_epoch=taken, num_canonical_nodes=2, shuffle_seed=11,
                 initial_physical_nodes=1)
    for ranks, batch_size in [(1, 10), (2, 5)]:
        CONFIGS.append(
            dict(workers=2, batch_size=batch_size, ranks=ranks, drop_last=False, ncn=4, seed=1,
                 block=20, epochs=3, state=state))


def read(config, directory):
    from streaming import StreamingDataLoader, StreamingDataset
    dataset = StreamingDataset(local=directory, shuffle=True, batch_size=config['batch_size'],
                               num_canonical_nodes=config['ncn'], shuffle_seed=config['seed'],
                               shuffle_block_size=config['block'])
    loader = StreamingDataLoader(dataset, batch_size=config['batch_size'],
                                 num_workers=config['workers'], drop_last=config['drop_last'])
    if config['state']:
        loader.load_state_dict(config['state'])
    epochs = []
    for _ in range(config['epochs']):
        batches = []
        for batch in loader:
            batches.append({'ids': batch['id'].tolist(), 'state': loader.state_dict()})
        epochs.append(batches)
    print('RESULT' + json.dumps({**config, 'rank': int(os.environ['RANK']), 'result': epochs}))


def main(out):
    from streaming import MDSWriter
    data = os.path.join(out, 'data')
    shutil.rmtree(data, ignore_errors=True)
    with MDSWriter(out=data, columns={'id': 'int', 'text': 'str'}, compression='zstd',
                   hashes=['sha1'], size_limit=400) as writer:
        for i in range(53):
            writer.write({'id': i, 'text': f'sample {i}'})
    lines = []
    for number, config in enumerate(CONFIGS):
        with tempfile.TemporaryDirectory() as scratch:
            copy = os.path.join(scratch, 'data')
            shutil.copytree(data, copy)
            processes = []
            for rank in range(config['ranks']):
                env = {**os.environ, 'RANK': str(rank), 'LOCAL_RANK': str(rank),
                       'WORLD_SIZE': str(config['ranks']),
                       'LOCAL_WORLD_SIZE': str(config['ranks']), 'MASTER_ADDR': '127.0.0.1',
                       'MASTER_PORT': str(29600 + number), 'TMPDIR': scratch}
                processes.append(
                    subprocess.Popen([sys.executable, __file__, '--read', json.dumps(config), copy],
                                     env=env, stdout=subprocess.PIPE, text=True))
            for process in processes:
                output = process.communicate(timeout=120)[0]
                lines += [l[6:] for l in output.splitlines() if l.startswith('RESULT')]
                assert process.returncode == 0, config
        print(number, 'of', len(CONFIGS), flush=True)
    with open(os.path.join(out, 'loader.jsonl.gz'), 'wb') as raw:
        with gzip.GzipFile(fileobj=raw, mode='wb', mtime=0) as file:
            file.write(('\n'.join(lines) + '\n').encode())


if sys.argv[1] == '--read':
    read(json.loads(sys.argv[2]), sys.argv[3])
else:
    main(sys.argv[1])
