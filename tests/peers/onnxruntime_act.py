"""Acts with an exported ONNX policy by ONNX Runtime.

Usage: onnxruntime_act.py MODEL < states > actions
       both in 32-bit floats, little-endian, one state answered at once
Needs: bash deploy/setup.sh --robot
"""

import os
import pathlib
import sys

CACHE = os.environ.get("STARLING_CACHE") or (
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
) + "/starling"
sys.path[:0] = map(str, pathlib.Path(CACHE).glob("onnxruntime-*"))

import numpy  # noqa: E402
import onnxruntime  # noqa: E402


def main():
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        sys.argv[1], options, providers=["CPUExecutionProvider"])
    size = session.get_inputs()[0].shape[1]
    while True:
        state = sys.stdin.buffer.read(4 * size)
        if len(state) < 4 * size:
            return
        batch = numpy.frombuffer(state, "<f4").reshape(1, size)
        (action,) = session.run(["action"], {"state": batch})
        sys.stdout.buffer.write(action.astype("<f4").tobytes())
        sys.stdout.buffer.flush()


main()
