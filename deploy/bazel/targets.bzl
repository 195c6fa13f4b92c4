"""Programs for other targets than the build's own."""

def _impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = program,
        target_file = ctx.executable.binary,
        is_executable = True,
    )
    return [DefaultInfo(executable = program, files = depset([program]))]

def _binary_of(transition, doc):
    return rule(
        doc = doc,
        implementation = _impl,
        attrs = {
            "binary": attr.label(
                cfg = transition,
                executable = True,
                mandatory = True,
            ),
            "_allowlist_function_transition": attr.label(
                default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            ),
        },
        executable = True,
    )

_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"
_CPU = "//command_line_option:cpu"
_CROSSTOOL = "//command_line_option:crosstool_top"
_PER_FILE = "//command_line_option:per_file_copt"

# Sanitizers want shared libraries and the same compiler everywhere.
_SANITIZERS = ("-fsanitize=", "-fno-sanitize")

def _without(flags, prefixes):
    return [flag for flag in flags if not flag.startswith(prefixes)]

def _for_aarch64(settings, attr):
    return {
        _CPU: "aarch64",
        _CROSSTOOL: "@aarch64//:suite",
        _COPT: _without(settings[_COPT], ("-march=",) + _SANITIZERS),
        _LINKOPT: _without(settings[_LINKOPT], _SANITIZERS),
    }

aarch64_binary = _binary_of(
    transition(
        implementation = _for_aarch64,
        inputs = [_COPT, _LINKOPT],
        outputs = [_CPU, _CROSSTOOL, _COPT, _LINKOPT],
    ),
    "The cc_binary `binary`, compiled for 64-bit ARM, wholly static.",
)

def _for_clang(settings, attr):
    return {
        _CROSSTOOL: "@clang//:suite",
        _COPT: _without(settings[_COPT], _SANITIZERS),
        _LINKOPT: _without(settings[_LINKOPT], _SANITIZERS),
        # The warnings are GCC's.
        _PER_FILE: [],
    }

clang_binary = _binary_of(
    transition(
        implementation = _for_clang,
        inputs = [_COPT, _LINKOPT],
        outputs = [_CROSSTOOL, _COPT, _LINKOPT, _PER_FILE],
    ),
    "The cc_binary `binary`, compiled by Clang for the target of the build.",
)

def _without_avx(settings, attr):
    return {
        _COPT: _without(settings[_COPT], ("-march=",)) + ["-march=x86-64-v2"],
        # Vectors are split, of which GCC warns.
        _PER_FILE: [],
    }

no_avx_binary = _binary_of(
    transition(
        implementation = _without_avx,
        inputs = [_COPT],
        outputs = [_COPT, _PER_FILE],
    ),
    "The cc_binary `binary`, without AVX and fused multiply-adds.",
)
