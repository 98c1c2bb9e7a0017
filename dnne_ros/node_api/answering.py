"""Items that are answered in the call that brings them.

A node that never waits over an item need not be woken for it: where a message comes from a robot,
each turn of the event loop between two nodes is time in which the robot's state gets older, and
where thousands come a second, to wake nodes takes longer than what they do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.inline import Inline, inline_of

if TYPE_CHECKING:
    from dnne_ros.node_api.node import Node

Computed = Mapping[str, Any] | None
"""Outputs by name; None: there are none."""
AnswerItems = Callable[..., Computed]
"""Is given an item of each port and returns outputs."""


async def answer_items(node: Node, ports: tuple[str, ...], answer: AnswerItems) -> None:
    """Answer each round of items of the inputs ``ports`` with what ``answer(*items)`` returns.

    Runs until cancelled, or until ``answer`` raises.  ``answer`` is a plain function, so it waits
    for nothing.  Order, counters, room on edges and errors are as if the node took each item and
    sent each output itself, which it does wherever something is in the way.  Otherwise a round
    whose item at the first port comes last is answered at once, by the subscription in its
    process that brings it; so are, by the same call, the nodes behind this one.  Nodes of a
    process that all answer so become one compiled region (`dnne_ros.runtime.regions`).
    """
    with node.context.answering(ports, answer):
        while True:
            items = [await node.get_input(port) for port in ports]
            outputs = answer(*items) or {}
            # One output has nothing to travel with.
            with node.context.together() if len(outputs) > 1 else nullcontext():
                for port, value in outputs.items():
                    await node.send_output(value, port)


class ByName:
    """An answer that takes its items by the names of their ports, as `Node.compute` does."""

    def __init__(self, compute: Callable[..., Computed], ports: Sequence[str],
                 unlinked: Sequence[str] = (),
                 compiled: Callable[..., Any] | Inline | None = None,
                 node: Node | None = None):
        """Call ``compute`` with an item of each of ``ports``, and None for those ``unlinked``.

        ``compiled``: what does the same and gives values without their names, see `Node.compiled`
        and `Node.inline`, which knows the ``node`` and the live values of its widgets.  ValueError
        for a name in that which nothing has.
        """
        self.compute = compute
        self.compiled = compiled
        self.ports = tuple(ports)
        self.unlinked = tuple(unlinked)
        self.widgets: Mapping[str, Any] = {} if node is None else node.values
        self.bound = compiled.bound((*self.ports, *self.unlinked), self.widgets, node) \
            if isinstance(compiled, Inline) else {}
        """What an `Inline` means by its other names."""

    def __call__(self, *items: Any) -> Computed:
        """Return the outputs of one round."""
        return self.compute(**dict.fromkeys(self.unlinked),
                            **dict(zip(self.ports, items, strict=True)))


def may_wait(compute: Callable[..., Any]) -> bool:
    """Tell whether a `Node.compute` is ``async def``; a plain function waits for nothing."""
    return inspect.iscoroutinefunction(inspect.unwrap(compute))


async def feed_compute(node: Node) -> None:
    """Give `Node.compute` one item of every linked input at a time, and send what it returns.

    Ends after one round where all of these are held, or there are none: there is no next item.
    """
    compute: Callable[..., Any] = node.compute
    waits = may_wait(compute)
    inputs: dict[str, Any] = dict.fromkeys(node.inputs)
    linked = [name for name in node.inputs if node.context.is_linked(name)]
    held = [node.inputs[name].type.held for name in linked]
    if linked and not waits and not any(held):
        unlinked = [name for name in node.inputs if name not in linked]
        compiled = node.compiled() or inline_of(type(node))
        await answer_items(node, tuple(linked), ByName(
            compute, linked, unlinked, None if "compute" in vars(node) else compiled, node))
    while True:
        for name in linked:
            inputs[name] = await node.get_input(name)
        outputs = compute(**inputs)
        await node.send_outputs((await outputs if waits else outputs) or {})
        if all(held):
            return
