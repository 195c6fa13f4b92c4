#!/usr/bin/env python3
"""Time of one action of the same networks, beside other software.

Usage: inference_test.py
Needs: bash deploy/setup.sh --robot, g++, a network for pip (RLtools' headers)
       bazel build //tests/benchmarks:export_benchmark

Runs the benchmark of exported C, then ONNX Runtime with one thread on the ONNX
that it leaves (by its Python interface, which is part of the time; also the time
a state in batches of 1,000), then RLtools' network of the same size, compiled
with the same flags.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

CACHE = os.environ.get("STARLING_CACHE") or (
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
) + "/starling"
sys.path[:0] = map(str, pathlib.Path(CACHE).glob("onnxruntime-*"))

import numpy  # noqa: E402
import onnxruntime  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
RLTOOLS = "rltools==2.2.1"


def best(call, times):
    """Seconds a call, of the quickest of seven rounds."""
    rounds = []
    for _ in range(7):
        begin = time.perf_counter()
        for _ in range(times):
            call()
        rounds.append((time.perf_counter() - begin) / times)
    return min(rounds)


def onnx_runtime(path):
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"])

    def seconds(batch, times):
        states = {"state": numpy.full((batch, 17), 0.1, "f4")}
        return best(lambda: session.run(["action"], states), times) / batch

    return seconds(1, 5000), seconds(1000, 50)


def rltools(folder):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d",
         folder, RLTOOLS], check=True)
    subprocess.run(["unzip", "-qo", *map(str, folder.glob("*.whl")), "-d",
                    str(folder)], check=True)
    program = folder / "rltools_inference"
    subprocess.run(
        ["g++", "-std=c++17", "-O3", "-march=x86-64-v3", "-I",
         str(folder / "rltools/external/rl_tools/include"),
         str(ROOT / "tests/peers/rltools_inference.cc"), "-o", str(program)],
        check=True)
    return float(subprocess.run([str(program)], check=True, text=True,
                                stdout=subprocess.PIPE).stdout)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = ROOT / "bazel-bin/tests/benchmarks/export_benchmark"
        subprocess.run([str(program), name], check=True,
                       cwd=f"{program}.runfiles/starling")
        print("\n| | one action | of 1,000 in a batch |\n|---|---|---|")
        for model in ["dense", "pruned"]:
            one, many = onnx_runtime(folder / f"{model}.onnx")
            print(f"| ONNX Runtime, {model} | {1e6 * one:.2f} us | "
                  f"{1e6 * many:.2f} us |")
        print(f"| RLtools, dense | {1e6 * rltools(folder):.2f} us | |")


main()
