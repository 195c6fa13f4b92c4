"""Programs for robots with a 64-bit ARM."""

def _for_aarch64(settings, attr):
    return {
        "//command_line_option:cpu": "aarch64",
        "//command_line_option:crosstool_top": "@aarch64//:suite",
        "//command_line_option:copt": [
            flag
            for flag in settings["//command_line_option:copt"]
            if not flag.startswith("-march=")
        ],
    }

_to_aarch64 = transition(
    implementation = _for_aarch64,
    inputs = ["//command_line_option:copt"],
    outputs = [
        "//command_line_option:cpu",
        "//command_line_option:crosstool_top",
        "//command_line_option:copt",
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
