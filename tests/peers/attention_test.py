#!/usr/bin/env python3
"""Linear attention beside PyTorch's, one thread each, in one run.

Usage: attention_test.py
Needs: pip install torch numpy
       bazel build //tests/benchmarks:attention_benchmark

For L tokens of 64 numbers and 256 positive features: Starling's linear
attention, PyTorch's exact scaled_dot_product_attention, and a plain linear
attention in PyTorch with features of the same kind and number. Seconds of the
quickest of some rounds.
"""

import pathlib
import subprocess
import time

import torch

L, D, M = 16384, 64, 256
PROGRAM = (pathlib.Path(__file__).resolve().parents[2] /
           "bazel-bin/tests/benchmarks/attention_benchmark")


def best(call, times):
    rounds = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        rounds.append(time.perf_counter() - begin)
    return min(rounds)


def linear(q, k, v, rows):
    """Positive features, then two products; keys' scale by their largest."""
    def features(u, is_key):
        p = u @ rows.T
        shift = p.amax(dim=1, keepdim=True)
        if is_key:
            p = p - 0.5 * (u * u).sum(dim=1, keepdim=True)
            shift = p.max()
        return torch.exp(p - shift) + 1e-6

    phi_q, phi_k = features(q, False), features(k, True)
    return (phi_q @ (phi_k.T @ v)) / (phi_q @ phi_k.sum(dim=0))[:, None]


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    with torch.no_grad():
        q, k, v = (torch.randn(L, D) for _ in range(3))
        scale = D ** -0.25
        rows = torch.randn(M, D)
        exact = best(lambda: torch.nn.functional.scaled_dot_product_attention(
            q[None, None], k[None, None], v[None, None]), 2)
        plain = best(lambda: linear(q * scale, k * scale, v, rows), 5)
    ours = float(subprocess.run(
        [str(PROGRAM), "--attend", str(L), str(D), str(M)], check=True,
        text=True, stdout=subprocess.PIPE).stdout)
    print(f"{L} tokens of {D} numbers, {M} features, one thread")
    print("| | ms | times Starling's |\n|---|---|---|")
    for name, seconds in [("Starling, linear", ours),
                          (f"PyTorch {torch.__version__}, linear", plain),
                          (f"PyTorch {torch.__version__}, exact", exact)]:
        print(f"| {name} | {1e3 * seconds:.1f} | {seconds / ours:.2f} |")


main()
