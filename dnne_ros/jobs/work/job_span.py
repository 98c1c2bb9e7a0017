"""The span of a job's start, of which the spans of its run are part."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dnne_ros.cli.output import say
from dnne_ros.spans.telemetry import PARENT, open_telemetry

if TYPE_CHECKING:
    from dnne_ros.jobs.work.ending import Outcome
    from dnne_ros.jobs.work.starting import Claim

Note = Callable[["Outcome"], None]


@contextmanager
def job_span(claim: Claim) -> Iterator[tuple[dict[str, str], Note]]:
    """Give the variables by which a run's spans are part of the job's, and what notes its end.

    Without ``OTEL_*`` variables there are none, and nothing is noted.
    """
    telemetry = open_telemetry(os.environ, {}, lambda text: say(f"warning: {text}", error=True))
    if telemetry is None or telemetry.tracer is None:
        yield {}, lambda outcome: None
        return
    from opentelemetry import trace

    with closing(telemetry), telemetry.tracer.start_as_current_span(
            "job", context=telemetry.parent, attributes={
                "dnne_ros.job": claim.job, "dnne_ros.attempt": claim.attempt,
                "dnne_ros.start": claim.start}) as span:
        def note(outcome: Outcome) -> None:
            span.set_attribute("process.exit.code", outcome.exit_code)
            if outcome.exit_code:
                span.set_status(trace.StatusCode.ERROR, outcome.reason)

        context = span.get_span_context()
        yield {PARENT: f"00-{context.trace_id:032x}-{context.span_id:016x}-"
                       f"{context.trace_flags:02x}"}, note
