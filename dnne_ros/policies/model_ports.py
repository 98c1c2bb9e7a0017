"""What goes into a policy's model and comes out, by the names that the model has for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dnne_ros.policies.bundle import OUTPUT, input_of, output_of

_IN = input_of("")


@dataclass(frozen=True)
class ModelPorts:
    """``states``: the input and the output of each thing that the model carries on, by name."""

    observations: str
    actions: str
    states: dict[str, tuple[str, str]]


def find_ports(inputs: Iterable[str], outputs: Iterable[str], *, others: bool = False
               ) -> ModelPorts:
    """Return which port is which; ValueError if they are not a policy's.

    States are found by their names: an input ``hidden_in`` takes what the output ``hidden_out``
    gave, as rsl_rl and LEAPP write them.  With ``others``, outputs beside ``actions`` are let be.
    """
    inputs, outputs = list(inputs), list(outputs)
    states = {state: (name, output_of(state)) for name in inputs if name.endswith(_IN)
              and output_of(state := name.removesuffix(_IN)) in outputs}
    carried = {port for pair in states.values() for port in pair}
    observed = [name for name in inputs if name not in carried]
    given = [name for name in outputs if name not in carried]
    if others and OUTPUT in given:
        given = [OUTPUT]
    if len(observed) != 1 or len(given) != 1:
        raise ValueError(
            "expected one input of observations, one output of actions, and states called "
            f"{input_of('NAME')} and {output_of('NAME')}; found {', '.join(inputs)} → "
            f"{', '.join(outputs)}")
    return ModelPorts(observed[0], given[0], states)
