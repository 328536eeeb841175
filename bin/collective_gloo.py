"""Gloo's side of `bin/benchmark collective`: times all-reduce as it is told to on standard input."""

import sys
import time

import torch
import torch.distributed as dist

rank, world_size, port = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group(
    'gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=world_size)
dist.barrier()
print('ready', flush=True)
for line in sys.stdin:
    size, calls = map(int, line.split())
    data = torch.zeros(size // 4)
    for _ in range(max(1, calls // 10)):
        dist.all_reduce(data)
    dist.barrier()
    start = time.perf_counter()
    for _ in range(calls):
        dist.all_reduce(data)
    print((time.perf_counter() - start) * 1e6 / calls, flush=True)
