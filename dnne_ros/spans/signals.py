"""What the standard ``OTEL_*`` variables ask for; without them nothing of the SDK is loaded."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import InputError, Problems

TRACES, METRICS, LOGS = "traces", "metrics", "logs"
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


def signals_wanted(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names of exporters by signal: traces, metrics, logs.

    A signal is wanted where its exporter is named (``OTEL_TRACES_EXPORTER``, …), or where it is
    said to which collector OTLP goes.  ``OTEL_SDK_DISABLED`` switches all off.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return {}
    wanted = {}
    for signal in (TRACES, METRICS, LOGS):
        place = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
        otherwise = "otlp" if environment.get(_ENDPOINT) or environment.get(place) else "none"
        named = environment.get(f"OTEL_{signal.upper()}_EXPORTER") or otherwise
        names = [name for name in map(str.strip, named.split(",")) if name not in ("none", "")]
        if names:
            wanted[signal] = names
    return wanted


def check_signals(environment: Mapping[str, str]) -> None:
    """Raise `InputError` if what the variables ask for is not installed."""
    wanted = signals_wanted(environment)
    if not wanted:
        return
    if not _sdk_is_installed():
        raise InputError("environment", [
            "OTEL_* variables ask for OpenTelemetry, which is not installed: pip install "
            "'dnne_ros[otel]', or OTEL_SDK_DISABLED=true"])
    problems = Problems("environment")
    for signal, names in wanted.items():
        for name in names:
            _, missing = _find(signal, name, environment)
            if missing:
                problems.add(missing)
    problems.raise_if_any()


def exporters(signal: str, environment: Mapping[str, str]) -> list[Any]:
    """Return the exporters of a signal that the variables ask for; none if it is not wanted.

    They read their own variables: endpoints, headers, time-outs.
    """
    return [_find(signal, name, environment)[0].load()()
            for name in signals_wanted(environment).get(signal, ())]


def _sdk_is_installed() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.sdk") is not None
    except ModuleNotFoundError:  # of the package around it
        return False


def _find(signal: str, name: str, environment: Mapping[str, str]) -> tuple[Any, str]:
    """Return the entry point of an exporter, or what to say of its absence."""
    if name == "otlp":
        protocol = environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL") \
            or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
        if protocol not in _OTLP:
            return None, (f"OTEL_EXPORTER_OTLP_PROTOCOL: expected one of {', '.join(_OTLP)}, "
                          f"found {protocol!r:.40}")
        name = _OTLP[protocol]
    from importlib.metadata import entry_points  # whoever asks for nothing does without: 2 MB

    group = f"opentelemetry_{signal}_exporter"
    found = {entry.name: entry for entry in entry_points(group=group)}
    if name in found:
        return found[name], ""
    return None, (f"OTEL_{signal.upper()}_EXPORTER: there is no exporter {name!r:.40}; there are "
                  f"{', '.join(sorted(found)) or 'none'}: pip install 'dnne_ros[otel]'")
