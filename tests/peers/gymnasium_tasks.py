"""The eleven tasks: names on both sides, and options as EnvConfig text."""

TASKS = {
    "half_cheetah": "HalfCheetah-v5",
    "swimmer": "Swimmer-v5",
    "hopper": "Hopper-v5",
    "walker2d": "Walker2d-v5",
    "ant": "Ant-v5",
    "humanoid": "Humanoid-v5",
    "humanoid_standup": "HumanoidStandup-v5",
    "reacher": "Reacher-v5",
    "pusher": "Pusher-v5",
    "inverted_pendulum": "InvertedPendulum-v5",
    "inverted_double_pendulum": "InvertedDoublePendulum-v5",
}


def _text(name, value):
    if isinstance(value, tuple):
        # A range (a, b) is two fields.
        stem = name.removesuffix("_range")
        return f"{_text(stem + '_min', value[0])} {_text(stem + '_max', value[1])}"
    if isinstance(value, bool):
        return f"{name}: {str(value).lower()}"
    if isinstance(value, str) or name == "main_body":
        return f'{name}: "{value}"'
    return f"{name}: {value!r}"


def config_text(task, options):
    """EnvConfig in text format for Gymnasium's keyword arguments `options`."""
    fields = " ".join(_text(name, value) for name, value in options.items())
    return f"{task} {{ {fields} }}" if fields else f"{task} {{}}"
