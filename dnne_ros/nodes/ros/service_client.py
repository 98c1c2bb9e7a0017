"""Calls what other ROS nodes offer as a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import InputError, PeerError
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, Boolean, Dict, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_services import ServiceUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.plain_values import DTYPES, plain
from dnne_ros.nodes.ros.service_fields import (
    fields_in,
    message_maker,
    number_reader,
    service_misfits,
)
from dnne_ros.nodes.ros.topic_widgets import made
from dnne_ros.toolkit.back_off import BACK_OFFS
from dnne_ros.toolkit.circuit_breaker import Circuit, CircuitBreaker, CircuitOpen
from dnne_ros.toolkit.retrying import retrying

_PATIENCE_SECONDS = 5.0
"""Of waiting for a service, after which that is said."""
_STATES = {Circuit.OPEN: "left alone for {:g} s", Circuit.HALF_OPEN: "one call finds out",
           Circuit.CLOSED: "calls are made again"}


class ServiceClientNode(Node):
    """Call a service of any installed type, once for each item.

    What comes at ``request`` goes into ``field``: numbers, text, or a dictionary of fields.  All
    other fields are as ``fixed`` says, and so are all of them where only a ``trigger`` comes.  One
    call is under way at a time, in the order of the items; the graph goes on meanwhile.  A call
    that is not answered within ``timeout`` is given up, and an answer that comes later is dropped.
    Whether a call was answered is said by ``succeeded``; what the service itself says of its
    success is a field of the response.
    """

    category = "ros"
    without_torch = True
    acts_outside = True
    needs_an_input = True

    request = Input(AnyValue(), "What to send, one call for each.", optional=True,
                    aliases=("value", "input"))
    trigger = Input(Sync(), "One call for each; with ``request``, one of each makes a call.",
                    optional=True)
    response = Output(Dict(), "All fields of the response; arrays of numbers in it are tensors. "
                      "Only of calls that were answered.")
    tensor = Output(Tensor(), "The numbers of ``tensor_field``, (n). Only of calls that were "
                    "answered.")
    succeeded = Output(Boolean(), "Whether the call was answered; the last of the three.")
    service = Widget("", "The service: /absolute, relative to the graph's namespace, or "
                     "~/private.", required=True)
    service_type = Widget("", "package/srv/Name, any installed one.", required=True)
    field = Widget("", "Where the numbers or the text of ``request`` go, paths with commas: data "
                   "or a,b; empty: the whole request (for dictionaries too).")
    fixed = Widget("", "Fields that are the same in each request, as ros2 service call takes "
                   "them: {data: true}.")
    tensor_field = Widget("", "Where the numbers of ``tensor`` are in the response, paths with "
                          "commas; empty: the whole response.")
    dtype = Widget("as_sent", "Element type of the tensor; as_sent: the response's own.",
                   choices=DTYPES)
    timeout = Widget(5.0, "How long each attempt waits for the answer.", minimum=0.001,
                     maximum=86_400.0, unit="s", live=True)
    wait = Widget(0.0, "How long each attempt waits for a service that nobody offers; 0: until "
                  "somebody does.", minimum=0.0, maximum=86_400.0, unit="s", live=True)
    attempts = Widget(1, "How often a call that is not answered is made in all. More than 1 needs "
                      "tenacity, and the service may do its work more than once.", minimum=1,
                      maximum=1000)
    back_off = Widget("exponential", "How the pause before another attempt grows.",
                      choices=BACK_OFFS, live=True)
    first_pause = Widget(0.1, "The first pause.", minimum=0.0, maximum=3600.0, unit="s",
                         live=True)
    longest_pause = Widget(10.0, "The longest pause.", minimum=0.0, maximum=86_400.0, unit="s",
                           live=True)
    break_after = Widget(0, "So many calls in a row that failed with all their attempts, and the "
                         "next ones fail at once, for ``rest``; 0: never.", minimum=0,
                         maximum=1_000_000)
    rest = Widget(30.0, "How long a service is left alone then.", minimum=0.0, maximum=86_400.0,
                  unit="s")
    when_failed = Widget("tell", "What a call that failed brings about: tell: ``succeeded`` is "
                         "false, and nothing else goes out; fail: an error of the node, with "
                         "which its errors.policy deals.", choices=("tell", "fail"), live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check name, type and fields."""
        return service_misfits(cls, values, "request")

    @classmethod
    def ros_services(cls, values: Mapping[str, Any]) -> tuple[ServiceUse, ...]:
        """Say what it calls."""
        return (ServiceUse(values["service"], values["service_type"]),)

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that it gives nothing before others answer."""
        return True

    def safe_outputs(self, last: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the last response, and that the call has not succeeded."""
        return {**last, "succeeded": False}

    def setup(self) -> None:
        """Find the fields and make the client."""
        self._fill = made(lambda values: message_maker(values, "request"), self.values)
        self._fixed = made(lambda values: message_maker(values, "request", whole=True),
                           self.values)
        self._numbers = None
        if self.tensor_field.strip() or self.context.is_linked("tensor"):
            self._numbers = made(lambda values: number_reader(values, "response"), self.values)
        if self.attempts > 1:
            self._try_again()
        self._breaker = CircuitBreaker(self.break_after, self.rest, on_change=self._changed) \
            if self.break_after else None
        self._counts = self.context.health.values
        self._counts.update(calls=0, answered=0, failed=0, retried=0)
        self._trouble = HealthReporter(self.context)
        self._client = self.context.services.client(self.service, self.service_type)

    async def compute(self, request: Any, trigger: None) -> Mapping[str, Any]:
        """Call the service."""
        message = self._fixed.make({}) if request is None else self._fill.make(plain(request))
        self._counts["calls"] += 1
        try:
            response = await (self._call(message) if self._breaker is None
                              else self._breaker(self._call, message))
        except (TimeoutError, CircuitOpen) as error:
            return self._failed(error)
        self._counts["answered"] += 1
        self._trouble.clear(f"{self._client.name} answers")
        outputs = {"response": fields_in(response)}
        if self._numbers is not None:
            outputs["tensor"] = self._numbers(response)
        return {**outputs, "succeeded": True}

    async def _call(self, message: Any) -> Any:
        """Return the response, after as many attempts as it takes; TimeoutError if none came."""
        if self.attempts == 1:
            return await self._attempt(message)
        return await self._try_again()(self._attempt, message)

    async def _attempt(self, message: Any) -> Any:
        if not self._client.is_ready():
            await self._appears()
        return await self._client.call(message, self.timeout)

    async def _appears(self) -> None:
        """Wait for the service; TimeoutError if nobody offers it for ``wait``."""
        quiet = min(self.wait or _PATIENCE_SECONDS, _PATIENCE_SECONDS)
        if await self._client.appears(quiet):
            return
        what = (f"for the service {self._client.name} ({self.service_type}), "
                f"{self._client.absence()}")
        if not self.wait or self.wait > quiet:
            self._trouble.note("absent", f"has waited {quiet:g} s so far {what}")
            if await self._client.appears(self.wait - quiet if self.wait else None):
                return
        raise TimeoutError(f"waited {self.wait:g} s {what}")

    def _failed(self, error: Exception) -> Mapping[str, Any]:
        self._counts["failed"] += 1
        text = f"{self._client.name}: {error}" if isinstance(error, CircuitOpen) else str(error)
        if self.when_failed == "fail":
            raise PeerError(text) from None
        self._trouble.note("failed", text)
        return {"succeeded": False}

    def _try_again(self) -> Any:
        try:
            return retrying(attempts=self.attempts, back_off=self.back_off,
                            first=self.first_pause, cap=self.longest_pause, on=(TimeoutError,),
                            before_pause=self._retried)
        except ModuleNotFoundError as error:
            raise InputError("widget 'attempts'", [f"{error}; or 1 attempt"]) from None

    def _retried(self, error: Exception, seconds: float) -> None:
        self._counts["retried"] += 1
        self._trouble.note("retried", f"{error}; another attempt in {seconds:.3g} s")

    def _changed(self, state: Circuit) -> None:
        self.context.log.info(f"{self._client.name}: {_STATES[state].format(self.rest)}")
