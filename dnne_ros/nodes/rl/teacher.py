"""A teacher: a policy that has been trained, asked what it would have done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

_FIXED = "the policy is loaded when the node starts"


class TeacherPolicyNode(Node):
    """Say what the policy of another run would do, for a student to learn it.

    The actions are its likeliest ones, as it gives them to an ActionNode: before they are clamped
    and scaled.  It is never trained, and remembers nothing: a policy with a memory is refused.
    """

    category = "learning"
    answers_items = True

    observations = Input(Tensor("float32", ("env", "observation")), "What the teacher sees, such "
                         "as the critic_observations of environments and step.")
    actions = Output(Tensor("float32", ("env", "action")), "What it would do.")
    checkpoint = Widget("", "The folder of a checkpoint of the run that trained it.",
                        required=True, file=True, fixed_because=_FIXED)
    node = Widget("", "Which node of that run it was; empty: the only agent.",
                  fixed_because=_FIXED)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that the checkpoint has such a policy."""
        if not values["checkpoint"]:
            return []  # said of every widget that must be given
        try:
            _read(values)
        except InputError as error:
            return [f"widget 'checkpoint': {error.source}: {problem}"
                    for problem in error.problems]
        return []

    def setup(self) -> None:
        """Load the policy."""
        import torch

        from dnne_ros.learning.finite import check_finite
        from dnne_ros.rl.policy import ActorCritic
        from dnne_ros.rl.policy_spec import PolicySpec

        torch.set_num_threads(1)  # small networks: threads cost more than they save
        self._check_finite = check_finite
        architecture, weights = _read(self.values)
        self._policy = ActorCritic(PolicySpec.from_json(dict(architecture)))
        self._policy.load_state_dict(dict(weights))
        self._item = 0

    async def process(self) -> None:
        """Answer each item.

        Raises `NotFiniteError` for an observation that is NaN or infinite.
        """
        await answer_items(self, ("observations",), self._answer)

    def _answer(self, observations: torch.Tensor) -> dict[str, Any]:
        import torch

        self._item += 1
        self._check_finite(observations, "observations", self._item)
        size = self._policy.spec.observation_size
        if observations.shape[1] != size:
            raise InputError("input 'observations'", [
                f"expected {size} numbers, as the teacher of {self.checkpoint} saw, found "
                f"{observations.shape[1]}"])
        self._policy.to(observations.device)
        with torch.no_grad():
            return {"actions": self._policy.likeliest(observations)[0]}


def _read(values: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return architecture and weights; `InputError` for what is no teacher."""
    from dnne_ros.policies.saved_agent import read_agent

    place = Path(values["checkpoint"]).expanduser()
    architecture, weights = read_agent(place, values["node"])
    if architecture.get("memory"):
        raise InputError(str(place), ["expected a teacher without a memory, found one with "
                                      f"memory={architecture['memory']}"])
    if architecture["discrete"]:
        raise InputError(str(place), ["expected a teacher with continuous actions, found choices"])
    return architecture, weights
