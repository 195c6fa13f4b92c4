#!/usr/bin/env python3
"""Accuracy of random-feature attention beside performer-pytorch's, in one run.

Usage: attention_accuracy_test.py
Needs: pip install torch numpy performer-pytorch
       bazel build //tests/peers:attention_values

For 256 tokens of 16 numbers and 64 projections: the relative error of the
output against exact softmax attention, root mean square over 20 draws of the
projections, while queries and keys grow. `uniform` is the error of attending to
everything alike: an estimate that is no better has told nothing.
"""

import math
import pathlib
import subprocess

import numpy as np
import torch
from performer_pytorch.performer_pytorch import FastAttention

L, D, M, DRAWS = 256, 16, 64, 20
PROGRAM = (pathlib.Path(__file__).resolve().parents[2] /
           "bazel-bin/tests/peers/attention_values")


def starling(features, q, k, v, center):
    out = subprocess.run(
        [str(PROGRAM), features, str(L), str(D), repr(D ** -0.5), center],
        check=True, input=b"".join(x.tobytes() for x in (q, k, v)),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return np.frombuffer(out, np.float32).reshape(L, D)


def performer(q, k, v, seed):
    torch.manual_seed(seed)
    attention = FastAttention(D, nb_features=M)
    with torch.no_grad():
        return attention(*(torch.from_numpy(x)[None, None]
                           for x in (q, k, v)))[0, 0].numpy()


def main():
    torch.set_num_threads(1)
    ways = {
        "performer-pytorch": lambda q, k, v, seed: performer(q, k, v, seed),
    }
    for name, kind, center in [
            ("positive, keys as they are", f"positive {{ m: {M} ", "0"),
            ("positive", f"positive {{ m: {M} ", "1"),
            ("hyperbolic", f"hyperbolic {{ m: {M} ", "1"),
            ("angular_hybrid", f"angular_hybrid {{ m: {M - 8} n: 8 ", "1")]:
        ways[f"Starling, {name}"] = (
            lambda q, k, v, seed, kind=kind, center=center: starling(
                kind + f"projections {{ seed: {seed} }} }}", q, k, v, center))
    lengths = [0.5, 1, 1.5, 2, 4, 8, 30, 100]
    rows = {name: [] for name in [*ways, "uniform"]}
    for length in lengths:
        random = np.random.default_rng(7)
        q, k, v = (random.standard_normal((L, D)) for _ in range(3))
        # Scaled scores: of vectors of this length after the scale.
        for x in (q, k):
            x *= length * D ** 0.25 / np.linalg.norm(x, axis=1, keepdims=True)
        scores = q @ k.T / math.sqrt(D)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        exact = weights @ v / weights.sum(axis=1, keepdims=True)
        q, k, v = (x.astype(np.float32) for x in (q, k, v))

        def error(out):
            return np.linalg.norm(out - exact) / np.linalg.norm(exact)

        rows["uniform"].append(error(np.broadcast_to(v.mean(axis=0), v.shape)))
        for name, attend in ways.items():
            errors = [error(attend(q, k, v, seed + 1)) for seed in range(DRAWS)]
            rows[name].append(math.sqrt(np.mean(np.square(errors))))
    print(f"{L} tokens of {D} numbers, {M} projections, {DRAWS} draws")
    print("| length | " + " | ".join(map(str, lengths)) + " |")
    print("|---" * (len(lengths) + 1) + "|")
    for name, errors in rows.items():
        print(f"| {name} | " + " | ".join(f"{e:.3f}" for e in errors) + " |")


main()
