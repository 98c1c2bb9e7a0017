"""Serves metrics as Prometheus reads them, on a port of this machine."""

from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from dnne_ros.errors import InputError
from dnne_ros.metrics.histogram import Histogram

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

    from dnne_ros.metrics.samples import Samples

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """Where to serve: ``[HOST:]PORT``, this machine's alone unless HOST says more."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read it; ValueError for anything else."""
        host, _, port = text.rpartition(":")
        if not port.isascii() or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"expected [HOST:]PORT, found {text!r:.60}")
        return cls(host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port))

    def __str__(self) -> str:
        """Return the text again."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def check_address(address: Address) -> None:
    """Raise `InputError` if nothing could be served there, or the extra is missing."""
    _require()
    try:
        family, place = _place(address)
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise _refusal(address, error) from None


@contextmanager
def served(collect: Callable[[], Iterable[Metric]], address: Address) -> Iterator[str]:
    """Serve what ``collect()`` returns, in a thread of its own; gives the URL.

    `InputError` if the port is taken or is none, or the extra is missing.
    """
    _require()
    from prometheus_client import CollectorRegistry, make_wsgi_app

    from dnne_ros.metrics.scrape_server import ScrapeServer

    registry = CollectorRegistry()
    registry.register(cast("Collector", _Collector(collect)))  # which is a class of the extra
    try:
        server = ScrapeServer(*_place(address), make_wsgi_app(registry))
    except OSError as error:
        raise _refusal(address, error) from None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{Address(address.host, server.server_port)}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def prometheus_metrics(samples: Samples) -> Iterator[Metric]:
    """Give ``samples`` as metrics of prometheus_client."""
    from prometheus_client.metrics_core import Metric

    metric: Metric | None = None
    for family, labels, value in samples:
        base = f"dnne_ros_{family.base}"
        if metric is None or metric.name != base:
            if metric is not None:
                yield metric
            metric = Metric(base, family.help, family.kind)
        named = dict(zip(family.labels, labels, strict=True))
        if not isinstance(value, Histogram):
            metric.add_sample(family.name, named, value)
            continue
        so_far = 0
        for bound, count in zip((*value.bounds, "+Inf"), value.counts, strict=True):
            so_far += count
            metric.add_sample(f"{base}_bucket", {**named, "le": str(bound)}, so_far)
        metric.add_sample(f"{base}_count", named, so_far)
        metric.add_sample(f"{base}_sum", named, value.sum)
    if metric is not None:
        yield metric


class _Collector:
    """What a scrape is given."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]):
        self._collect = collect

    def describe(self) -> list[Metric]:
        """Return nothing: to register it needs no look at the figures."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now."""
        return self._collect()


def _place(address: Address) -> tuple[socket.AddressFamily, Any]:
    """Return the kind of an address and what to bind; OSError if its host is none."""
    family, _, _, _, place = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM)[0]
    return family, place


def _require() -> None:
    if importlib.util.find_spec("prometheus_client") is None:
        raise InputError("arguments", ["--metrics: prometheus-client is not installed: pip "
                                       "install 'dnne_ros[metrics]'"])


def _refusal(address: Address, error: OSError) -> InputError:
    return InputError("arguments", [f"--metrics {address}: {error.strerror or error}"])
