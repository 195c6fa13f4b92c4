#!/usr/bin/env python3
"""The MuJoCo tasks beside Gymnasium's (the same bits) and EnvPool's (the speed).

Usage: envs_test.py [--steps 1000] [--seconds 5] [--trace ..] [--speed ..] [TASK ..]
Needs: pip install gymnasium==1.4.0 mujoco==3.17.0 imageio envpool==1.2.5
       bazel build //tests/peers:env_trace //tests/peers:env_speed

Bits: from one initial state, 1,000 steps of random controls without feedback,
through falls and all. Rewards, ends, positions and velocities must be equal in
every bit, observations after rounding to float. Exit code 1 if they are not.
Speed: control steps a second of one thread with the same linear policy, and of
ours also as a share of what the bare engine does.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import envpool
import gymnasium
import numpy as np

from gymnasium_tasks import TASKS

BINARIES = pathlib.Path(__file__).resolve().parents[2] / "bazel-bin/tests/peers"


def gymnasium_trace(task, actions):
    """Initial qpos and qvel, and a row of numbers for each action."""
    env = gymnasium.make(TASKS[task]).unwrapped
    env.reset(seed=1)
    initial = np.concatenate([env.data.qpos, env.data.qvel])
    rows = []
    for action in actions:
        observation, reward, terminated, _, _ = env.step(action)
        rows.append(np.concatenate([
            [reward, terminated], env.data.qpos, env.data.qvel,
            observation.astype(np.float32)]))
    env.close()
    return initial, np.array(rows)


def starling_trace(binary, task, initial, actions):
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(",".join(f"{x:.17g}" for x in initial) + "\n")
        file.flush()
        text = "\n".join(",".join(f"{x:.17g}" for x in row) for row in actions)
        result = subprocess.run(
            [binary, f"{task} {{}} max_steps: {len(actions) + 1}", file.name],
            input=text + "\n", capture_output=True, text=True, check=True)
    return np.array([[float(x) for x in line.split(",")]
                     for line in result.stdout.splitlines()])


def differences(task, binary, steps):
    space = gymnasium.make(TASKS[task]).action_space
    rng = np.random.default_rng(7)
    actions = rng.uniform(space.low, space.high, (steps, space.shape[0]))
    actions = actions.astype(np.float32).astype(np.float64)
    initial, expected = gymnasium_trace(task, actions)
    actual = starling_trace(binary, task, initial, actions)
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    assert np.isfinite(expected).all()
    # Observations were printed as floats; 9 digits restore them.
    observations = 2 + len(initial)
    actual[:, observations:] = actual[:, observations:].astype(np.float32)
    return int((actual != expected).any(axis=1).sum()), int(expected[:, 1].sum())


def policy_of(env):
    """The policy of env_speed."""
    size = env.observation_space.shape[0]
    i, j = np.mgrid[: env.action_space.shape[0], :size]
    weights = (0.01 * ((7 * i + 3 * j) % 11 - 5)).astype(np.float32)
    low, high = env.action_space.low, env.action_space.high
    return lambda observation: np.clip(
        weights @ observation.astype(np.float32), low, high)


def gymnasium_speed(task, seconds):
    """With the same resets as env_speed."""
    env = gymnasium.make(TASKS[task])
    policy = policy_of(env)
    steps = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        observation, _ = env.reset(seed=steps)
        for _ in range(200):
            observation, _, terminated, truncated, _ = env.step(
                policy(observation))
            steps += 1
            if terminated or truncated:
                observation, _ = env.reset()
    return steps / (time.perf_counter() - start)


def envpool_speed(task, seconds):
    """With the same resets; the call that resets is no step."""
    env = envpool.make(TASKS[task], env_type="gymnasium", num_envs=1,
                       num_threads=1, max_episode_steps=200)
    policy = policy_of(env)
    observation, _ = env.reset()
    steps, resets = 0, False
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(200):
            observation, _, terminated, truncated, _ = env.step(
                policy(observation[0])[None])
            steps += not resets
            resets = terminated[0] or truncated[0]
    return steps / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5, help="0: no table")
    parser.add_argument("--trace", type=pathlib.Path, default=BINARIES / "env_trace")
    parser.add_argument("--speed", type=pathlib.Path, default=BINARIES / "env_speed")
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    options = parser.parse_args()
    options.trace = options.trace.resolve()
    options.speed = options.speed.resolve()
    os.chdir(tempfile.gettempdir())  # Python's MuJoCo leaves a log behind

    failed = False
    for task in options.tasks:
        differing, ended = differences(task, options.trace, options.steps)
        failed |= differing > 0
        print(f"{task}: {options.steps} steps, {ended} in a terminal state, "
              f"{differing} differ", flush=True)
    if options.seconds > 0:
        print("task,starling_steps_per_s,gymnasium_steps_per_s,times,"
              "envpool_steps_per_s,times,share_of_bare_engine")
        for task in options.tasks:
            line = subprocess.run(
                [options.speed, str(options.seconds), task],
                capture_output=True, text=True, check=True).stdout.splitlines()[1]
            _, policy, _, _, ratio = line.split(",")
            peers = [speed(task, options.seconds)
                     for speed in (gymnasium_speed, envpool_speed)]
            columns = [f"{peer:.0f},{float(policy) / peer:.1f}" for peer in peers]
            print(f"{task},{policy},{','.join(columns)},{ratio}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
