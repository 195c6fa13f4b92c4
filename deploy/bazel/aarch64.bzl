"""Programs for robots with a 64-bit ARM."""

# The target's processor, and the sanitizers, which want shared libraries.
_HOST_ONLY = ("-march=", "-fsanitize=", "-fno-sanitize")

def _for_aarch64(settings, attr):
    result = {
        "//command_line_option:cpu": "aarch64",
        "//command_line_option:crosstool_top": "@aarch64//:suite",
    }
    for option in ["copt", "linkopt"]:
        name = "//command_line_option:" + option
        result[name] = [
            flag
            for flag in settings[name]
            if not flag.startswith(_HOST_ONLY)
        ]
    return result

_to_aarch64 = transition(
    implementation = _for_aarch64,
    inputs = [
        "//command_line_option:copt",
        "//command_line_option:linkopt",
    ],
    outputs = [
        "//command_line_option:cpu",
        "//command_line_option:crosstool_top",
        "//command_line_option:copt",
        "//command_line_option:linkopt",
    ],
)

def _aarch64_binary_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = program,
        target_file = ctx.executable.binary,
        is_executable = True,
    )
    return [DefaultInfo(executable = program, files = depset([program]))]

aarch64_binary = rule(
    doc = "The cc_binary `binary`, compiled for 64-bit ARM, wholly static.",
    implementation = _aarch64_binary_impl,
    attrs = {
        "binary": attr.label(
            cfg = _to_aarch64,
            executable = True,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
