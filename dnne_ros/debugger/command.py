"""``dnne-ros debug``: pause, step and break a running graph, in the terminal."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.cli.output import say
from dnne_ros.debugger.words import ACTIONS, HELP, Words, is_action, read
from dnne_ros.errors import InputError
from dnne_ros.options.readings import duration

if TYPE_CHECKING:
    import asyncio

    from dnne_ros.debugger.own_run import OwnRun
    from dnne_ros.debugger.session import Session

_EXAMPLES = f"""\
examples:
  dnne-ros debug                            the graph that runs, at a prompt: help, quit
  dnne-ros debug /cartpole_ppo              one of several
  dnne-ros debug cartpole.json --place split   start it, paused, with options of `dnne-ros run`
  dnne-ros debug break ppo_trainer_6/reward if nan    in a script: do one thing, and leave
  dnne-ros debug --timeout 60s go           … and wait for a breakpoint
  dnne-ros debug step "isaac_gym_step_4/reward -> ppo_trainer_6/reward" 5
  dnne-ros debug ~/.ros/log/flight_records/cartpole_ppo_20260101T000000Z   step through it

what can be said:
{HELP}
"""
_FIND_SECONDS = 10.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "debug", help="pause, step and break a running graph, and look at its items",
        description="Debug a graph that runs, start one paused, or step through a flight record.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", default="", metavar="GRAPH_NAMESPACE",
                        help="the graph, where several run")
    parser.add_argument("--timeout", type=duration, metavar="T",
                        help="how long to wait for a stop (default: for ever)")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="WHAT",
                        help="a graph, a workflow with options of `run`, a flight record, or one "
                             f"of {', '.join(ACTIONS)}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find out what is meant, and debug it."""
    words = list(options.words)
    if words and is_action(words[0]):
        return _do_once(options, read(" ".join(words)))
    if words and (path := Path(words[0])).exists():
        if path.is_dir():
            from dnne_ros.debugger.flight import step_through

            return step_through(path)
        from dnne_ros.debugger.own_run import OwnRun

        with OwnRun(words, options.ros_args) as own, _session(
                options, own.namespace, own) as (loop, session):
            _talk(loop, session)
        return own.code
    if len(words) > 1:
        raise InputError("debug", [f"{words[0]}: expected a graph, a file, a flight record or one "
                                   f"of {', '.join(ACTIONS)}"])
    if words and (words[0].endswith(".json") or os.sep in words[0].strip("/")):
        raise InputError("debug", [f"{words[0]}: there is no such file"])
    with _session(options, words[0] if words else options.graph) as (loop, session):
        _talk(loop, session)
        if loop.run_until_complete(session.graph.state())["paused"]:
            say(f"{session.graph.namespace} stays paused; `dnne-ros debug go` lets it go on")
    return 0


def _do_once(options: argparse.Namespace, words: Words) -> int:
    from dnne_ros.debugger.session import lines_of

    with _session(options, options.graph) as (loop, session):
        for line in lines_of(words, loop.run_until_complete(session.do(words))):
            say(line)
    return 0


def _talk(loop: asyncio.AbstractEventLoop, session: Session) -> None:
    """Show how the graph stands, and do what is said."""
    from dnne_ros.debugger.prompt import talk
    from dnne_ros.debugger.session import lines_of

    def do(words: Words) -> Iterator[str]:
        doing = loop.create_task(session.do(words))
        try:
            state = loop.run_until_complete(doing)
        except KeyboardInterrupt:
            doing.cancel()
            raise
        yield from lines_of(words, state)

    for line in do(Words("list")):
        say(line)
    talk(do)


@contextmanager
def _session(options: argparse.Namespace, name: str, own: OwnRun | None = None
             ) -> Iterator[tuple[asyncio.AbstractEventLoop, Session]]:
    """Give an event loop, and what debugs the graph ``name`` in it.

    ``own``: the run that is about to be that graph, which may take its time.
    """
    from dnne_ros.debugger.joining import joined
    from dnne_ros.debugger.session import Session

    with joined(options.ros_args) as (loop, client):
        attaching = client.attach(name, _FIND_SECONDS) if own is None \
            else client.await_start(name, own.has_ended)
        graph = loop.run_until_complete(attaching)
        try:
            yield loop, Session(graph, options.timeout)
        finally:
            loop.run_until_complete(graph.leave())
