"""Offers a service to other ROS nodes, that the graph answers."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, Dict, Int, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_services import Answer, ServiceUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.plain_values import DTYPES, plain
from dnne_ros.nodes.ros.service_fields import (
    fields_in,
    message_maker,
    number_reader,
    service_misfits,
)
from dnne_ros.nodes.ros.topic_widgets import made
from dnne_ros.toolkit.side_by_side import side_by_side


@dataclass(eq=False)
class _Request:
    """A request, until it is answered; ``timer`` makes it one that is ``over`` before."""

    id: int
    message: Any
    answer: Answer
    timer: asyncio.TimerHandle | None = None
    over: bool = False


class ServiceServerNode(Node):
    """Offer a service of any installed type: each request is an item, which a later one answers.

    What comes at ``answer`` goes into ``field``: numbers, text, or a dictionary of fields.  All
    other fields are as ``fixed`` says.  Answers come in the order of the requests, one for each,
    also for one that has got none in time: a graph that leaves items out, or changes their order,
    links ``request_id`` through to ``answer_id``.  A request that is not answered within
    ``timeout``, or that finds ``most_waiting`` others, gets no answer at all, as ROS knows no
    refusal: clients need a time limit of their own.
    """

    category = "ros"
    without_torch = True

    answer = Input(AnyValue(), "What the oldest request, or that of ``answer_id``, is answered "
                   "with; a trigger: with ``fixed`` alone.", free_first_round=True,
                   aliases=("response", "value", "input"))
    answer_id = Input(Int(), "Which request an answer is for; unlinked: the oldest.",
                      optional=True, free_first_round=True)
    request = Output(Dict(), "All fields of the request; arrays of numbers in it are tensors.",
                     starts_loop=True)
    tensor = Output(Tensor(), "The numbers of ``tensor_field``, (n).", starts_loop=True)
    request_id = Output(Int(), "The request's number.", starts_loop=True)
    service = Widget("", "The service: /absolute, relative to the graph's namespace, or "
                     "~/private.", required=True)
    service_type = Widget("", "package/srv/Name, any installed one.", required=True)
    field = Widget("", "Where the numbers or the text of ``answer`` go, paths with commas: sum "
                   "or a,b; empty: the whole response (for dictionaries too).")
    fixed = Widget("", "Fields that are the same in each response, as ros2 service call writes "
                   "them: {success: true}.")
    tensor_field = Widget("", "Where the numbers of ``tensor`` are in the request, paths with "
                          "commas; empty: the whole request.")
    dtype = Widget("as_sent", "Element type of the tensor; as_sent: the request's own.",
                   choices=DTYPES)
    timeout = Widget(5.0, "How long a request waits for its answer.", minimum=0.001,
                     maximum=86_400.0, unit="s", live=True)
    most_waiting = Widget(10, "Most requests that wait for an answer; one more gets none.",
                          minimum=1, maximum=100_000, live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check name, type and fields."""
        return service_misfits(cls, values, "response")

    @classmethod
    def ros_services(cls, values: Mapping[str, Any]) -> tuple[ServiceUse, ...]:
        """Say what it offers."""
        return (ServiceUse(values["service"], values["service_type"], serves=True),)

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that it gives nothing before others call."""
        return True

    def setup(self) -> None:
        """Find the fields and offer the service."""
        self._fill = made(lambda values: message_maker(values, "response"), self.values)
        self._fixed = made(lambda values: message_maker(values, "response", whole=True),
                           self.values)
        self._numbers = None
        if self.tensor_field.strip() or self.context.is_linked("tensor"):
            self._numbers = made(lambda values: number_reader(values, "request"), self.values)
        self._by_id = self.context.is_linked("answer_id")
        # A node that is made anew, or another process, must not take the number of an old request.
        self._ids = count(secrets.randbits(50))
        self._new: deque[_Request] = deque()
        self._given: dict[int, _Request] = {}
        """Those that the graph has, in their order."""
        self._waiting = 0
        self._came = asyncio.Event()
        self._counts = self.context.health.values
        self._counts.update(received=0, answered=0, unanswered=0, refused=0, dropped=0, late=0)
        self._trouble = HealthReporter(self.context)
        self._name = self.context.services.serve(self.service, self.service_type, self._receive)

    async def process(self) -> None:
        """Give requests out and take answers."""
        await side_by_side(self._give(), self._answer())

    async def close(self) -> None:
        """Let go of the requests that wait: nobody answers them any more."""
        for request in (*self._new, *self._given.values()):
            if request.timer is not None:
                request.timer.cancel()

    def _receive(self, message: Any, answer: Answer) -> None:
        self._counts["received"] += 1
        if self._waiting >= self.most_waiting:
            self._counts["refused"] += 1
            self._trouble.note("refused", f"a request to {self._name} gets no answer: "
                               f"{self._waiting} others wait for theirs")
            return
        request = _Request(next(self._ids), message, answer)
        request.timer = asyncio.get_running_loop().call_later(
            self.timeout, self._give_up, request)
        self._waiting += 1
        self._new.append(request)
        self._came.set()

    def _give_up(self, request: _Request) -> None:
        request.over = True
        self._waiting -= 1
        self._counts["unanswered"] += 1
        self._trouble.note("unanswered", f"a request to {self._name} has got no answer for "
                           f"{self.timeout:g} s")
        if self._by_id:
            self._given.pop(request.id, None)

    async def _give(self) -> None:
        while True:
            self._came.clear()
            while self._new:
                request = self._new.popleft()
                if not request.over:
                    await self._send(request)
            await self._came.wait()

    async def _send(self, request: _Request) -> None:
        try:
            tensor = None if self._numbers is None else self._numbers(request.message)
        except ValueError as error:  # what others send ends no run
            self._counts["dropped"] += 1
            self._trouble.note("dropped", f"dropped a request to {self._name}: {error}")
            self._close(request)
            return
        self._given[request.id] = request
        await self.send_output(request.id, "request_id")
        if tensor is not None:
            await self.send_output(tensor, "tensor")
        await self.send_output(fields_in(request.message), "request")

    async def _answer(self) -> None:
        while True:
            value = await self.get_input("answer")
            wanted = await self.get_input("answer_id") if self._by_id \
                else next(iter(self._given), None)
            request = None if wanted is None else self._given.pop(wanted, None)
            if request is None or request.over:
                self._counts["late"] += 1
                self._trouble.note("late", f"dropped an answer of {self._name}: its request has "
                                   "got none in time, or there is none")
                continue
            self._close(request)
            request.answer(self._fixed.make({}) if value is None
                           else self._fill.make(plain(value)))
            self._counts["answered"] += 1
            self._trouble.clear(f"{self._name} answers again")

    def _close(self, request: _Request) -> None:
        """Count a request as one that waits no more."""
        self._waiting -= 1
        if request.timer is not None:
            request.timer.cancel()
