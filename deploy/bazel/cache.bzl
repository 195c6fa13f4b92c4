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

# A compiler that stands beside the system's own.
_TOOLCHAIN = """
load("@bazel_tools//tools/cpp:unix_cc_toolchain_config.bzl", "cc_toolchain_config")

filegroup(name = "none")

cc_toolchain_suite(
    name = "suite",
    toolchains = {"{cpu}": ":toolchain"},
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
    abi_libc_version = "{cpu}",
    abi_version = "{cpu}",
    compile_flags = {compile_flags},
    compiler = "{name}",
    cpu = "{cpu}",
    cxx_builtin_include_directories = {include_directories},
    host_system_name = "x86_64",
    link_flags = {link_flags},
    link_libs = {link_libs},
    opt_compile_flags = ["-DNDEBUG", "-ffunction-sections", "-fdata-sections"],
    opt_link_flags = ["-Wl,--gc-sections", "-s"],
    target_libc = "{cpu}",
    target_system_name = "{cpu}",
    tool_paths = {tools},
    toolchain_identifier = "{cpu}",
)
"""

def _write_toolchain(
        ctx,
        cpu,
        prefix,
        name,
        compiler,
        include_directories,
        link_libs,
        compile_flags = [],
        link_flags = []):
    """The BUILD file of a toolchain; `prefix`: of the paths of binutils."""
    tools = {
        tool: prefix + tool
        for tool in ["ar", "cpp", "gcov", "ld", "llvm-cov", "nm", "objdump", "strip"]
    }
    tools["gcc"] = compiler
    text = _TOOLCHAIN
    for key, value in {
        "cpu": cpu,
        "name": name,
        "compile_flags": repr(compile_flags),
        "include_directories": repr(include_directories),
        "link_flags": repr(link_flags),
        "link_libs": repr(link_libs),
        "tools": repr(tools),
    }.items():
        text = text.replace("{" + key + "}", value)
    ctx.file("BUILD", text)

# A compiler for 64-bit ARM that links everything in, the C library too.
def _aarch64_impl(ctx):
    root = _cache(ctx) + "/aarch64-debian12"
    _require(ctx, root + "/lib/libprotobuf.a", " --robot")
    libraries = [
        path.basename[len("lib"):-len(".a")]
        for path in ctx.path(root + "/lib").readdir()
        if path.basename.startswith("libabsl_")
    ] + ["protobuf", "glog", "gflags", "unwind", "crypto", "z", "lzma"]
    _write_toolchain(
        ctx,
        cpu = "aarch64",
        prefix = "/usr/bin/aarch64-linux-gnu-",
        name = "gcc",
        compiler = "/usr/bin/aarch64-linux-gnu-gcc",
        compile_flags = ["-isystem" + root + "/include"],
        include_directories = [
            "/usr/aarch64-linux-gnu/include",
            "/usr/lib/gcc-cross/aarch64-linux-gnu/12/include",
            "/usr/include",
            root + "/include",
        ],
        link_flags = ["-static", "-L" + root + "/lib"],
        link_libs = ["-Wl,--start-group"] +
                    ["-l" + name for name in libraries] +
                    ["-Wl,--end-group", "-lstdc++", "-lm", "-lpthread"],
    )

aarch64_repository = repository_rule(
    implementation = _aarch64_impl,
    environ = _ENVIRON,
    local = True,
)

def _clang_impl(ctx):
    _require(ctx, "/usr/bin/clang", " --robot")
    _write_toolchain(
        ctx,
        cpu = "k8",
        prefix = "/usr/bin/",
        name = "clang",
        compiler = "/usr/bin/clang",
        include_directories = ["/usr/include", "/usr/lib"],
        link_libs = ["-lstdc++", "-lm", "-lpthread"],
    )

clang_repository = repository_rule(
    implementation = _clang_impl,
    environ = _ENVIRON,
    local = True,
)
