"""From what a policy says to what a simulator does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, PolicyOutput, SimHandle, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

    from dnne_ros.sim.simulator import Simulator


class ActionNode(Node):
    """Turn a policy's output into the actions of any task.

    Real actions are clamped to [-1, 1] and multiplied by ``scale``.  With the simulator linked,
    -1 and 1 are instead the bounds of the task's actions (a column without bounds is scaled),
    and a policy that does not fit the task is refused.  A discrete policy's choice goes on as
    it is, an index from 0.
    """

    category = "robotics"
    answers_items = True
    without_torch = True  # a simulator brings its own

    network_output = Input(Tensor("float32", ("env", "action")), "Actions, or a policy's output.",
                           accepts_also=(PolicyOutput(),), aliases=("policy", "policy_output"))
    sim_handle = Input(SimHandle(), "The simulator, whose bounds count.", optional=True)
    action = Output(Action(), "For the simulator: (env, action) in its units, or (env, 1) "
                    "choices.")
    scale = Widget(1.0, "What an action of 1 means, without a simulator.", minimum=0.0,
                   maximum=1e9)

    async def process(self) -> None:
        """Translate each item."""
        simulator = None
        if self.context.is_linked("sim_handle"):
            simulator = await self.get_input("sim_handle")
        centre: torch.Tensor | float = 0.0
        reach: torch.Tensor | float = self.scale
        if simulator is not None:
            centre, reach = _centre_and_reach(simulator, self.scale)

        def translated(output: Any) -> dict[str, Any]:
            actions = getattr(output, "actions", output)
            chosen = output is not actions and output.std is None
            if simulator is not None:
                _check_fit(simulator, output, actions, chosen)
            if not chosen:
                actions = actions.clip(-1.0, 1.0) * reach + centre
            return {"action": actions}

        await answer_items(self, ("network_output",), translated)

    def policy_interface(self) -> Mapping[str, Any]:
        """Say what an action of 1 means, unless the task says it."""
        return {} if self.context.is_linked("sim_handle") else {"action_scale": [self.scale]}


def _centre_and_reach(simulator: Simulator, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return float32 (action size,) each: the actions at 0, and how far ±1 goes from there."""
    import torch

    spec = simulator.spec
    low, high = (torch.tensor(bounds, device=spec.device)
                 for bounds in (spec.action.low, spec.action.high))
    bounded = low.isfinite() & high.isfinite()
    return (torch.where(bounded, (low + high) / 2, 0.0),
            torch.where(bounded, (high - low) / 2, scale))


def _check_fit(simulator: Simulator, output: Any, actions: torch.Tensor, chosen: bool) -> None:
    """Raise InputError if the policy acts in another space than the simulator's task."""
    spec = simulator.spec
    choices = spec.discrete_actions
    if isinstance(choices, tuple):
        expected = f"a discrete policy with action_choices={','.join(map(str, choices))}"
        fits = chosen and (output.mean.shape[1], actions.shape[1]) == (sum(choices), len(choices))
    elif choices is not None:
        expected = f"a discrete policy with action_dim={choices}"
        fits = chosen and output.mean.shape[1] == choices and actions.shape[1] == 1
    else:
        expected = f"a continuous policy with action_dim={spec.action.size}"
        fits = not chosen and actions.shape[1] == spec.action.size
    if not fits:
        found = (f"a discrete one with action_dim={output.mean.shape[1]}" if chosen
                 else f"a continuous one with action_dim={actions.shape[1]}")
        raise InputError(f"task {spec.name}", [f"expected {expected}, found {found}"])
    if isinstance(choices, tuple):
        # As many numbers may be choices of other sizes: 2,3 instead of 3,2.
        beyond = (actions > actions.new_tensor(spec.action.high)).nonzero()
        if len(beyond):
            env, column = beyond[0].tolist()
            raise InputError(f"task {spec.name}", [
                f"expected {expected}, found choice {actions[env, column]:g} in column {column}"])
