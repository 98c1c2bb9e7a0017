"""A hand that is to reach what its camera shows: ``vecenv:reach_by_camera:make``.

The hand moves in the plane from -1 to 1 and knows where it is; where the target is, only a picture
says, which shows the table around the hand.  A critic is told.
"""

import torch

SIDE = 24
"""Pixels of the picture, which shows from 2 to the left of the hand to 2 to its right."""
LIMIT = 50
REACHED = 0.1


class ReachByCamera:
    """rsl_rl's ``VecEnv``: an episode ends when the target is reached, or after 50 steps."""

    num_actions, max_episode_length, step_dt = 2, LIMIT, 0.1

    def __init__(self, num_envs, seed):
        """Put hands and targets somewhere."""
        self.num_envs = num_envs
        self._random = torch.Generator().manual_seed(seed)
        self._axis = torch.linspace(-2.0, 2.0, SIDE)
        self._hand, self._target = torch.zeros(2, num_envs, 2)
        self._steps = torch.zeros(num_envs, dtype=torch.long)
        self._begin(torch.ones(num_envs, dtype=torch.bool))

    def get_observations(self):
        """Return the groups: where the hand is, what its camera shows, what a critic knows."""
        away = self._target - self._hand
        columns, rows = (torch.exp(-8.0 * (self._axis - away[:, i:i + 1]) ** 2) for i in (0, 1))
        return {"policy": self._hand.clone(),
                "camera": (rows[:, :, None] * columns[:, None, :])[:, None],
                "critic": torch.cat([self._hand, self._target], 1)}

    def step(self, actions):
        """Move by a fifth of the actions; rewarded is how much nearer the target is."""
        before = self._distance()
        self._hand = (self._hand + 0.2 * actions.clamp(-1.0, 1.0)).clamp(-1.0, 1.0)
        self._steps += 1
        distance = self._distance()
        reached = distance < REACHED
        late = (self._steps >= LIMIT) & ~reached
        done = reached | late
        approach, bonus = before - distance, reached.float()
        extras = {"time_outs": late, "final_obs": self.get_observations()}
        if done.any():
            extras["log"] = {"Episode_Termination/reached": reached.sum(),
                             "Episode/steps": self._steps[done].float().mean()}
            self._begin(done)
        return self.get_observations(), approach + bonus, done, extras

    def _distance(self):
        return (self._target - self._hand).norm(dim=1)

    def _begin(self, which):
        for place in (self._hand, self._target):
            place[which] = 2.0 * torch.rand(int(which.sum()), 2, generator=self._random) - 1.0
        self._steps[which] = 0


def make(num_envs, seed):
    """Return the environments."""
    return ReachByCamera(num_envs, seed)
