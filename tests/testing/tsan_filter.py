#!/usr/bin/env python3
"""Runs a program that is built for the thread sanitizer (--config=tsan), and
shows what the sanitizer reports about our own code.

gRPC, abseil, protobuf and OpenSSL come from the system, built without the
sanitizer: it sees memory that they touch, but not how their threads take turns,
and reports thousands of races that are none. So a report counts only if both of
its accesses are our code's: the innermost frame that is no helper (the C and C++
libraries, headers of abseil and protobuf, messages) must be a file of this
repository, not one of those libraries. A callback of ours that races does count,
whoever calls it. What they hand from one thread to another at our request, our
code tells the sanitizer (base/handover.h).

The exit status is the program's, or 66 if any report counts. Programs that it
starts are watched, too.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

RACES = 66

_FRAME = re.compile(r"\s+#\d+ (?P<what>.*?)(?: \((?P<module>[^()+ ]+)\+0x\w+\))?$")
# In whose name they act, the frame further out tells.
_HELPER_FILES = ("/usr/include/c++/", "/usr/include/absl/", "/usr/include/google/",
                 "/usr/include/x86_64-linux-gnu/", "libsanitizer/", ".pb.cc:", ".pb.h:")
_HELPER_MODULES = ("libtsan.", "libstdc++.", "libc.", "ld-linux")
# absl::Status counts its owners within its library.
_LIBRARY = re.compile(r"/usr/include/(grpc|absl/status/)|"
                      r"lib(grpc|gpr|absl|protobuf|upb|ssl|crypto|cares|re2|address_sorting|glog)")


def is_ours(stack):
    """Whether a stack (its lines, innermost first) is our code's."""
    for line in stack:
        frame = _FRAME.match(line)
        if frame is None:
            continue
        what, module = frame["what"], os.path.basename(frame["module"] or "")
        if _LIBRARY.search(what.rsplit(" ", 1)[-1]) or _LIBRARY.match(module):
            return False
        if module.startswith(_HELPER_MODULES) or any(f in what for f in _HELPER_FILES):
            continue
        return True
    return False  # a thread of a library


def counts(report):
    """Whether a report is about our code alone."""
    if "[failed to restore the stack]" in report:
        return False  # nobody can tell
    parts = re.split(r"\n\s*\n", report)
    accesses = [p for p in parts if re.search(
        r"^\s+(Previous |Read|Write|Atomic|Concurrent|Cycle|Mutex|As if)", p, re.M) and "#0" in p]
    return all(is_ours(p.splitlines()) for p in accesses[:2])


def main():
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        environment["TSAN_OPTIONS"] = (
            f"log_path={folder}/log exitcode=0 history_size=4 handle_segv=0")
        # The sanitizer wants memory to lie where it expects it.
        status = subprocess.call(["setarch", "-R", *sys.argv[1:]], env=environment)
        found = 0
        for path in sorted(glob.glob(folder + "/log.*")):
            with open(path, errors="replace") as file:
                for report in file.read().split("==================\n"):
                    if "WARNING: ThreadSanitizer" in report and counts(report):
                        found += 1
                        print("=" * 18, report, sep="\n", file=sys.stderr)
    if found:
        print(f"{found} reports of the thread sanitizer count", file=sys.stderr)
        return RACES
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
