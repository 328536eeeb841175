"""Prints cases as JSON lines, and what `mds order` must print for each: for OrderInteropTest.

    python interop_orders.py SEED CASES
"""
import json
import random
import sys

import golden_orders as golden
from streaming.base.batching import generate_work
from streaming.base.shuffle import algos
from streaming.base.world import World

# Gone from this version of the library; golden files have it.
algos['py1b'] = algos['py1br']


def run(case):
    if case['algo'] == 'py1b':
        case['algo'] = 'py1br'
    case['replication'] = random.choice([1, 1, 1, 2, 3])
    try:
        world = World(case['nodes'], case['ranks'], case['workers'], 0).replicate(case['replication'])
        ids = generate_work(case['batching'], golden.dataset_of(case), world, case['epoch'],
                            case['drop'])
    except Exception as e:
        case['error'] = type(e).__name__ + ': ' + str(e)
    else:
        lines = []
        for batch in range(ids.shape[3]):
            for worker in range(ids.shape[2]):
                for node in range(ids.shape[0]):
                    for rank in range(ids.shape[1]):
                        own = [str(i) for i in ids[node, rank, worker, batch] if i != -1]
                        if own:
                            lines.append(f'node {node} rank {node * ids.shape[1] + rank}'
                                         f' worker {worker}: {" ".join(own)}')
        case['lines'] = lines
    print('CASE' + json.dumps(case))


golden.run = run
random.seed(int(sys.argv[1]))
golden.R.seed(int(sys.argv[1]))
golden.random_batching(int(sys.argv[2]) // 2)
golden.mixed(int(sys.argv[2]) // 2)
