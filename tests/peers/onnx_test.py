#!/usr/bin/env python3
"""Exported ONNX in other software: the checker, OpenCV and ONNX Runtime.

Usage: onnx_test.py FILE.onnx ..
Needs: pip install numpy onnx onnxruntime "opencv-python-headless>=4.10"

Each file must pass onnx.checker, and OpenCV's and ONNX Runtime's actions in a
batch of 100 states must be the same to 1e-5. Older OpenCV (Debian's 4.6) reads
float files alone: it knows no constant DequantizeLinear and no half floats.
"""

import sys

import cv2
import numpy
import onnx
import onnxruntime

BATCH, MOST = 100, 1e-5


def actions(path):
    """The same states through both, one at a time and all at once."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    entry = model.graph.input[0]
    size = entry.type.tensor_type.shape.dim[1].dim_value
    states = numpy.random.default_rng(0).normal(size=(BATCH, size)).astype("f4")
    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"])
    expected = session.run(None, {entry.name: states})[0]
    net = cv2.dnn.readNetFromONNX(path)
    net.setInput(states)
    together = net.forward().copy()
    alone = []
    for state in states:
        net.setInput(state[None])
        alone.append(net.forward().copy())
    return expected, together, numpy.concatenate(alone)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print(f"onnx {onnx.__version__}, OpenCV {cv2.__version__}, "
          f"ONNX Runtime {onnxruntime.__version__}")
    print("| file | OpenCV's largest difference, batch of 100 | one by one |")
    print("|---|---|---|")
    failed = False
    for path in sys.argv[1:]:
        expected, together, alone = actions(path)
        worst = [float(numpy.abs(out - expected).max())
                 for out in (together, alone)]
        failed |= not max(worst) <= MOST
        print(f"| {path} | {worst[0]:.1e} | {worst[1]:.1e} |")
    if failed:
        sys.exit(f"a difference above {MOST}")


main()
