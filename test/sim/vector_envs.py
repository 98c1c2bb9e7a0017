"""Vector environments of a user's, made by functions, for test_vecenv.py.

``Drift``: a point (x, y) moves by a tenth of an action, and its episode ends beyond 1 or with the
20th step.
"""

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, VectorEnv

LIMIT = 20


class Drift(VectorEnv):
    """Starts finished environments with the next step, or in the same one."""

    def __init__(self, num_envs, mode):
        self.num_envs = num_envs
        self.metadata = {"autoreset_mode": mode, "render_fps": 25}
        self.spec = EnvSpec("Drift-v0", max_episode_steps=LIMIT)
        self.single_observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
        self.single_action_space = spaces.Box(-1.0, 1.0, (2,), np.float64)
        self.mode, self.calls = mode, 0

    def reset(self, *, seed=None, options=None):
        self.random = np.random.default_rng(seed)
        self.place = self.random.uniform(-0.1, 0.1, (self.num_envs, 2))
        self.steps = np.zeros(self.num_envs, int)
        self.over = np.zeros(self.num_envs, bool)
        return self.place, {}

    def start(self, which):
        self.place[which] = self.random.uniform(-0.1, 0.1, (which.sum(), 2))
        self.steps[which] = 0

    def step(self, actions):
        self.calls += 1
        assert actions.dtype == np.float64 and np.abs(actions).max() <= 1.0
        begins = self.over if self.mode == AutoresetMode.NEXT_STEP else np.zeros_like(self.over)
        self.steps += 1
        self.place += 0.1 * actions * ~begins[:, None]
        self.start(begins)
        terminated = np.abs(self.place).max(axis=1) > 1.0
        truncated = self.steps >= LIMIT
        self.over = terminated | truncated
        infos = {}
        if self.mode == AutoresetMode.SAME_STEP and self.over.any():
            infos["final_obs"] = self.place.copy()
            self.start(self.over)
        return self.place, np.ones(self.num_envs), terminated, truncated, infos


class Walk:
    """The same as rsl_rl's ``VecEnv``, with groups of observations."""

    num_actions = 2
    max_episode_length = LIMIT
    step_dt = 0.04
    device = "cpu"

    def __init__(self, num_envs, seed, tells_final):
        self.num_envs, self.tells_final = num_envs, tells_final
        self.random = torch.Generator().manual_seed(seed)
        self.place = torch.zeros(num_envs, 2)
        self.episode_length_buf = torch.zeros(num_envs, dtype=torch.long)
        self.start(torch.ones(num_envs, dtype=torch.bool))

    def start(self, which):
        fresh = 0.2 * torch.rand(len(which), 2, generator=self.random) - 0.1
        self.place[which] = fresh[which]
        self.episode_length_buf[which] = 0

    def get_observations(self):
        return {"critic": torch.cat([self.place, self.place], dim=1), "actor": self.place}

    def step(self, actions):
        self.episode_length_buf += 1
        self.place += 0.1 * actions.clamp(-1.0, 1.0)
        fallen = self.place.abs().amax(dim=1) > 1.0
        over = self.episode_length_buf >= LIMIT
        extras = {"time_outs": over & ~fallen, "log": {}}
        if self.tells_final:
            extras["final_obs"] = {"actor": self.place.clone()}
        self.start(fallen | over)
        return self.get_observations(), torch.ones(self.num_envs), (fallen | over).long(), extras


def next_step(num_envs):
    return Drift(num_envs, AutoresetMode.NEXT_STEP)


def same_step(num_envs):
    return Drift(num_envs, AutoresetMode.SAME_STEP)


def cartpoles(mode):
    return lambda num_envs: gymnasium.make_vec(
        "CartPole-v1", num_envs, vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode})


cartpoles_next_step = cartpoles(AutoresetMode.NEXT_STEP)
cartpoles_same_step = cartpoles(AutoresetMode.SAME_STEP)
cartpoles_disabled = cartpoles(AutoresetMode.DISABLED)


def walk(num_envs, seed):
    return Walk(num_envs, seed, tells_final=False)


def walk_with_tensordict(num_envs, seed):
    from tensordict import TensorDict

    env = Walk(num_envs, seed, tells_final=False)
    groups, step = env.get_observations, env.step
    env.get_observations = lambda: TensorDict(groups(), batch_size=[num_envs])

    def other_step(actions):
        _, *rest = step(actions)
        return (env.get_observations(), *rest)

    env.step = other_step
    return env


def walk_with_final(num_envs, seed, device):
    assert device == "cpu"
    return Walk(num_envs, seed, tells_final=True)


def of_another_size(num_envs):
    return Walk(num_envs + 1, 0, True)


def nothing(num_envs):
    return object()


def without_num_envs(seed):
    return None


def failing(num_envs):
    raise OSError("no such robot")


def changed(**parts):
    """Return a function that makes a Walk in which the third step gives other things."""
    def make(num_envs):
        env = Walk(num_envs, 0, True)
        step, count = env.step, []

        def other_step(actions):
            count.append(1)
            found = dict(zip(("observations", "rewards", "dones", "extras"), step(actions)))
            if len(count) == 3:
                found |= parts
            return tuple(found.values())

        env.step = other_step
        return env
    return make


narrower = changed(observations=torch.zeros(5, 1))
nan_observations = changed(observations={"critic": torch.zeros(5, 4), "actor": torch.tensor(
    [[0.0, 0.0], [0.0, torch.nan], *[[0.0, 0.0]] * 3])})
nan_for_critic = changed(observations={"critic": torch.full((5, 4), torch.nan),
                                       "actor": torch.zeros(5, 2)})
nan_rewards = changed(rewards=torch.tensor([0.0, 0.0, 0.0, torch.inf, 0.0]))
five_values = changed(more=1)
no_actor = changed(observations={"a": torch.zeros(5, 2), "b": torch.zeros(5, 2)})


def raising(num_envs):
    env = Drift(num_envs, AutoresetMode.SAME_STEP)
    step = env.step

    def other_step(actions):
        if env.calls == 2:
            raise ZeroDivisionError("the ground is gone")
        return step(actions)

    env.step = other_step
    return env


def without_final(num_envs):
    env = Drift(num_envs, AutoresetMode.SAME_STEP)
    step = env.step
    env.step = lambda actions: (*step(actions)[:4], {})
    return env


def with_pictures(num_envs):
    env = Drift(num_envs, AutoresetMode.SAME_STEP)
    env.single_observation_space = spaces.Dict({"picture": spaces.Box(0, 255, (8, 8), np.uint8)})
    return env
