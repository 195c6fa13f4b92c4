#!/usr/bin/env python3
"""Records what Gymnasium's MuJoCo tasks do, for env_golden_test.

Usage: make_env_golden.py            (writes *.golden beside itself)
Needs: pip install gymnasium==1.4.0 mujoco==3.17.0

A file is two lines of text and a table. Line 1: the task and its options, an
EnvConfig. Line 2: how many rows the table has, and how many columns of each
kind. The table: little-endian doubles, row by row; a row is one control step:
  fresh        1: the step follows mj_forward, not another step
  state        mjSTATE_INTEGRATION before the step
  control
  observation  after the step, unrounded
  reward
  terminated   0 or 1
  qpos, qvel   after the step
"""

import os
import pathlib
import sys
import tempfile

import gymnasium
import mujoco
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "peers"))
from gymnasium_tasks import TASKS, config_text  # noqa: E402

INF = float("inf")
VARIANTS = {
    "half_cheetah": dict(
        frame_skip=3, forward_reward_weight=-0.7, ctrl_cost_weight=0.35,
        reset_noise_scale=0.5,
        exclude_current_positions_from_observation=False),
    "swimmer": dict(
        frame_skip=2, forward_reward_weight=3.5, ctrl_cost_weight=0.25,
        reset_noise_scale=0.7,
        exclude_current_positions_from_observation=False),
    "hopper": dict(
        frame_skip=5, forward_reward_weight=0.3, ctrl_cost_weight=0.02,
        healthy_reward=2.5, terminate_when_unhealthy=False,
        healthy_state_range=(-3.0, 4.0), healthy_z_range=(-INF, 1.27),
        healthy_angle_range=(-0.05, 0.3), reset_noise_scale=0.04,
        exclude_current_positions_from_observation=False),
    "walker2d": dict(
        frame_skip=6, forward_reward_weight=1.7, ctrl_cost_weight=0.05,
        healthy_reward=0.25, terminate_when_unhealthy=False,
        healthy_z_range=(1.1, 1.26), healthy_angle_range=(-0.1, INF),
        reset_noise_scale=0.05,
        exclude_current_positions_from_observation=False),
    "ant": dict(
        frame_skip=3, forward_reward_weight=0.6, ctrl_cost_weight=0.1,
        contact_cost_weight=0.02, healthy_reward=0.5, main_body="aux_1",
        terminate_when_unhealthy=False, healthy_z_range=(0.3, 0.75),
        contact_force_range=(-5.0, 9.0), reset_noise_scale=0.3,
        exclude_current_positions_from_observation=False),
    "humanoid": dict(
        frame_skip=3, forward_reward_weight=0.8, ctrl_cost_weight=0.3,
        contact_cost_weight=1e-4, contact_cost_range=(0.25, 1.5),
        healthy_reward=2.0, terminate_when_unhealthy=False,
        healthy_z_range=(1.2, INF), reset_noise_scale=0.05,
        exclude_current_positions_from_observation=False,
        include_cvel_in_observation=False,
        include_qfrc_actuator_in_observation=False),
    "humanoid_standup": dict(
        frame_skip=4, ctrl_cost_weight=0.4, impact_cost_weight=1e-3,
        impact_cost_range=(0.5, 60.0), reset_noise_scale=0.08,
        exclude_current_positions_from_observation=False,
        include_cinert_in_observation=False,
        include_cfrc_ext_in_observation=False),
    "reacher": dict(
        frame_skip=3, reward_dist_weight=2.5, reward_control_weight=0.3),
    "pusher": dict(
        frame_skip=4, reward_near_weight=1.5, reward_dist_weight=0.2,
        reward_control_weight=0.7),
    "inverted_pendulum": dict(frame_skip=3, reset_noise_scale=0.12),
    "inverted_double_pendulum": dict(
        frame_skip=3, healthy_reward=4.0, reset_noise_scale=0.25),
}
# With the other observations left out.
SECOND_VARIANTS = {
    "ant": dict(include_cfrc_ext_in_observation=False, main_body=4),
    "humanoid": dict(
        include_cinert_in_observation=False,
        include_cfrc_ext_in_observation=False),
    "humanoid_standup": dict(
        include_cvel_in_observation=False,
        include_qfrc_actuator_in_observation=False),
}
# Where random actions alone do not soon lead: a quadruped on its back, thrown.
LAUNCHES = {
    "ant": lambda qpos, qvel: (qpos.__setitem__(slice(2, 7),
                                                [0.45, 0.1, 0.99, 0.1, 0.0]),
                               qvel.__setitem__(slice(0, 3), [1.0, -0.5, 2.0])),
    "humanoid": lambda qpos, qvel: qpos.__setitem__(2, 1.02),
    "humanoid_standup": lambda qpos, qvel: qpos.__setitem__(2, 0.4),
}
STATE = mujoco.mjtState.mjSTATE_INTEGRATION
TRAJECTORIES = 4
STEPS = 10


def find_ending(env, rng, controls):
    """Steps until the episode ends, or 60."""
    for step in range(60):
        if env.step(controls(rng))[2]:
            return step
    return 60


def record(task, options, seed):
    env = gymnasium.make(TASKS[task], **options).unwrapped
    model, data = env.model, env.data
    low, high = env.action_space.low, env.action_space.high
    amplitude = 1.0

    def controls(rng):
        action = rng.uniform(low, high).astype(np.float32) * np.float32(amplitude)
        return action.astype(np.float64)

    rows = []
    for trajectory in range(TRAJECTORIES):
        launched = trajectory == TRAJECTORIES - 1 and task in LAUNCHES

        def start():
            env.reset(seed=seed + trajectory)
            if launched:
                qpos, qvel = data.qpos.copy(), data.qvel.copy()
                LAUNCHES[task](qpos, qvel)
                env.set_state(qpos, qvel)
            return np.random.default_rng(seed + trajectory)

        # The first trajectory starts with the episode, the launched one with
        # the launch, the others shortly before the episode's end.
        warm_up = 0
        if trajectory > 0 and not launched:
            warm_up = max(0, find_ending(env, start(), controls) - 5)
        rng = start()
        for _ in range(warm_up):
            env.step(controls(rng))
        mujoco.mj_forward(model, data)
        for step in range(STEPS):
            state = np.empty(mujoco.mj_stateSize(model, STATE))
            mujoco.mj_getState(model, data, state, STATE)
            action = controls(rng)
            observation, reward, terminated, _, _ = env.step(action)
            rows.append(np.concatenate([
                [step == 0], state, action, observation,
                [reward, terminated], data.qpos, data.qvel]))
    assert not data.warning.number.any()
    env.close()
    table = np.array(rows, dtype="<f8")
    assert np.isfinite(table).all()
    sizes = [len(table), state.size, model.nu, observation.size, model.nq, model.nv]
    ended = int(table[:, 1 + state.size + model.nu + observation.size + 1].sum())
    return table, sizes, ended


def main():
    os.chdir(tempfile.gettempdir())  # Python's MuJoCo leaves a log behind
    for task in TASKS:
        variants = [("default", {}), ("variant", VARIANTS[task])]
        if task in SECOND_VARIANTS:
            variants.append(("variant2", SECOND_VARIANTS[task]))
        for number, (name, options) in enumerate(variants):
            table, sizes, ended = record(task, options, 1000 * number)
            path = HERE / f"{task}.{name}.golden"
            header = f"{config_text(task, options)}\n{' '.join(map(str, sizes))}\n"
            path.write_bytes(header.encode() + table.tobytes())
            print(f"{path.name}: {len(table)} steps, {ended} ended, "
                  f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
