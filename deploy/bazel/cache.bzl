"""Repositories over the cache folder that deploy/setup.sh fills."""

_ENVIRON = ["HOME", "XDG_CACHE_HOME", "STARLING_CACHE", "MUJOCO_DIR"]

def _cache(ctx):
    env = ctx.os.environ
    if env.get("STARLING_CACHE"):
        return env["STARLING_CACHE"]
    base = env.get("XDG_CACHE_HOME") or env.get("HOME", "/root") + "/.cache"
    return base + "/starling"

def _require(ctx, path, option = ""):
    if not ctx.path(path).exists:
        fail(path + " is missing: run deploy/setup.sh" + option)

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

# A compiler for 64-bit ARM that links everything in, the C library too.
def _aarch64_impl(ctx):
    root = _cache(ctx) + "/aarch64-debian12"
    _require(ctx, root + "/lib/libprotobuf.a", " --robot")
    libraries = [
        path.basename[len("lib"):-len(".a")]
        for path in ctx.path(root + "/lib").readdir()
        if path.basename.startswith("libabsl_")
    ] + ["protobuf", "glog", "gflags", "unwind", "crypto", "z", "lzma"]
    ctx.file("BUILD", """
load("@bazel_tools//tools/cpp:unix_cc_toolchain_config.bzl", "cc_toolchain_config")

filegroup(name = "none")

cc_toolchain_suite(
    name = "suite",
    toolchains = {"aarch64": ":toolchain"},
    visibility = ["//visibility:public"],
)

cc_toolchain(
    name = "toolchain",
    all_files = ":none",
    ar_files = ":none",
    as_files = ":none",
    compiler_files = ":none",
    dwp_files = ":none",
    linker_files = ":none",
    objcopy_files = ":none",
    strip_files = ":none",
    supports_param_files = 0,
    toolchain_config = ":config",
)

cc_toolchain_config(
    name = "config",
    abi_libc_version = "aarch64",
    abi_version = "aarch64",
    compile_flags = ["-isystem%s/include"],
    compiler = "gcc",
    cpu = "aarch64",
    cxx_builtin_include_directories = [
        "/usr/aarch64-linux-gnu/include",
        "/usr/lib/gcc-cross/aarch64-linux-gnu/12/include",
        "/usr/include",
        "%s/include",
    ],
    host_system_name = "x86_64",
    link_flags = ["-static", "-L%s/lib"],
    link_libs = %s,
    opt_compile_flags = ["-DNDEBUG", "-ffunction-sections", "-fdata-sections"],
    opt_link_flags = ["-Wl,--gc-sections", "-s"],
    target_libc = "aarch64",
    target_system_name = "aarch64",
    tool_paths = {
        tool: "/usr/bin/aarch64-linux-gnu-" + tool
        for tool in ["ar", "cpp", "gcc", "gcov", "ld", "llvm-cov", "nm", "objdump", "strip"]
    },
    toolchain_identifier = "aarch64",
)
""" % (root, root, root, repr(
        ["-Wl,--start-group"] + ["-l" + name for name in libraries] +
        ["-Wl,--end-group", "-lstdc++", "-lm", "-lpthread"],
    )))

aarch64_repository = repository_rule(
    implementation = _aarch64_impl,
    environ = _ENVIRON,
    local = True,
)
