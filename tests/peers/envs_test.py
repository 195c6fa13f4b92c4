#!/usr/bin/env python3
"""The MuJoCo tasks beside Gymnasium's (the same bits) and EnvPool's (the speed).

Usage: envs_test.py [--steps 1000] [--seconds 5] [TASK ..]
Needs: pip install gymnasium==1.4.0 mujoco==3.17.0 imageio envpool==1.2.5
       bazel build //tests/peers:env_trace //deploy/cli:starling

Bits: from one initial state, 1,000 steps of random controls without feedback,
through falls and all. Rewards, ends, positions and velocities must be equal in
every bit, observations after rounding to float. Exit code 1 if they are not.
Speed: control steps a second of one thread in whole episodes, with a linear
policy, a normaliser and moments of the observations (`starling bench rollout`;
NumPy for the peers), and of ours also as a share of what the bare engine does.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# The last bit of NumPy's norm depends on the kernels that its BLAS chooses for
# the CPU; these run everywhere.
os.environ["OPENBLAS_CORETYPE"] = "Haswell"

import envpool
import gymnasium
import numpy as np

from gymnasium_tasks import TASKS

BINARIES = pathlib.Path(__file__).resolve().parents[2] / "bazel-bin"


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


class Policy:
    """What `starling bench rollout` does around an environment, in NumPy:
    normalises, adds up the moments of what it sees, acts linearly."""

    def __init__(self, env):
        actions, size = env.action_space.shape[0], env.observation_space.shape[0]
        k = np.arange(actions * (size + 1))
        theta = 0.03 * (7919 * k % 1000 / 500 - 1)
        self.weights = theta[:actions * size].reshape(actions, size)
        self.offsets = theta[actions * size:]
        self.low, self.high = env.action_space.low, env.action_space.high
        self.mean, self.scale = np.zeros(size), np.ones(size)
        self.count, self.sum, self.squares = 0, np.zeros(size), np.zeros(size)

    def __call__(self, observation):
        self.count += 1
        self.sum += observation
        self.squares += observation * observation
        return self.act(observation)

    def act_on_batch(self, observations):
        self.count += len(observations)
        self.sum += observations.sum(axis=0)
        self.squares += (observations * observations).sum(axis=0)
        return self.act(observations)

    def act(self, observation):
        normalised = (observation - self.mean) * self.scale
        return np.clip(normalised @ self.weights.T + self.offsets, self.low,
                       self.high)

    def take_moments(self):
        self.mean = self.sum / self.count
        variance = self.squares / self.count - self.mean * self.mean
        self.scale = 1 / np.sqrt(np.maximum(variance, 1e-8))


def starling_speed(program, task, seconds):
    """Control steps a second, and their share of what the bare engine does."""
    result = subprocess.run(
        [program, "bench", "rollout", "--env", task, "--seconds", str(2 * seconds),
         "--json"], capture_output=True, text=True, check=True)
    row = json.loads(result.stdout)
    return row["steps_per_s"], row["ratio"]


def steps_per_second(policy, play, seconds):
    """`play` plays about 1,000 steps and returns how many."""
    for _ in range(3):
        play()
    policy.take_moments()
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        steps += play()
    return steps / (time.perf_counter() - start)


def gymnasium_speed(task, seconds):
    env = gymnasium.make(TASKS[task])
    policy = Policy(env)
    observation, _ = env.reset(seed=1)

    def play():
        nonlocal observation
        for _ in range(1000):
            observation, _, terminated, truncated, _ = env.step(
                policy(observation))
            if terminated or truncated:
                observation, _ = env.reset()
        return 1000

    return steps_per_second(policy, play, seconds)


def envpool_speed(task, seconds):
    """Sixteen environments at a time: one alone costs it a change of threads for
    each step."""
    env = envpool.make(TASKS[task], env_type="gymnasium", num_envs=16,
                       num_threads=1)
    policy = Policy(env)
    observations, _ = env.reset()
    resets = np.zeros(16, bool)  # in the next call, which is no step then

    def play():
        nonlocal observations, resets
        steps = 0
        for _ in range(64):
            observations, _, terminated, truncated, _ = env.step(
                policy.act_on_batch(observations))
            steps += 16 - resets.sum()
            resets = terminated | truncated
        return steps

    return steps_per_second(policy, play, seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5, help="0: no table")
    parser.add_argument("--trace", type=pathlib.Path,
                        default=BINARIES / "tests/peers/env_trace")
    parser.add_argument("--program", type=pathlib.Path,
                        default=BINARIES / "deploy/cli/starling")
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    options = parser.parse_args()
    options.trace = options.trace.resolve()
    options.program = options.program.resolve()
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
            speed, share = starling_speed(options.program, task, options.seconds)
            peers = [peer(task, options.seconds)
                     for peer in (gymnasium_speed, envpool_speed)]
            columns = [f"{peer:.0f},{speed / peer:.1f}" for peer in peers]
            print(f"{task},{speed:.0f},{','.join(columns)},{share:.3f}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
