"""Repositories over the cache folder that deploy/setup.sh fills."""

_ENVIRON = ["HOME", "XDG_CACHE_HOME", "STARLING_CACHE", "MUJOCO_DIR"]

def _cache(ctx):
    env = ctx.os.environ
    if env.get("STARLING_CACHE"):
        return env["STARLING_CACHE"]
    base = env.get("XDG_CACHE_HOME") or env.get("HOME", "/root") + "/.cache"
    return base + "/starling"

def _require(ctx, path):
    if not ctx.path(path).exists:
        fail(path + " is missing: run deploy/setup.sh")

def _mujoco_impl(ctx):
    root = ctx.os.environ.get("MUJOCO_DIR") or _cache(ctx) + "/mujoco-3.17.0"
    lib = root + "/lib" if ctx.path(root + "/lib").exists else root
    _require(ctx, root + "/include/mujoco/mujoco.h")
    _require(ctx, lib + "/libmujoco.so")
    ctx.symlink(root + "/include", "include")
    ctx.symlink(lib, "lib")

    # The library is linked under its soname, which carries the version.
    ctx.file("BUILD", """
cc_library(
    name = "mujoco",
    srcs = glob(["lib/libmujoco.so.*"]),
    hdrs = glob(["include/mujoco/*.h"]),
    includes = ["include"],
    visibility = ["//visibility:public"],
)
""")

mujoco_repository = repository_rule(
    implementation = _mujoco_impl,
    environ = _ENVIRON,
    local = True,
)

def _models_impl(ctx):
    root = _cache(ctx) + "/models/gymnasium-1.4.0"
    _require(ctx, root + "/half_cheetah.xml")
    ctx.symlink(root, "gymnasium")
    ctx.file("BUILD", """
filegroup(
    name = "gymnasium",
    srcs = glob(["gymnasium/*.xml"]),
    visibility = ["//visibility:public"],
)
""")

models_repository = repository_rule(
    implementation = _models_impl,
    environ = _ENVIRON,
    local = True,
)
