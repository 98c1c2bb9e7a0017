"""How the hosts of a run find each other: who is there, whether they fit, and which run it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from dnne_ros.runtime.coordination.host_card import HostCard

_FRESH_SECONDS = 5.0
"""A card is said once a second; one that is older is of somebody who is gone."""
_OTHER_KEY = "has been heard, but with another key"
_EARLIER_RUN = "is still in a run that has begun without this host"


class HostMeeting:
    """What one process has heard of the others; it knows neither DDS nor what time it is.

    The leader, once it has heard of all, says which run it is, and the others take it from it.
    Whoever comes later, or again, takes the number that is there already.
    """

    def __init__(self, card: HostCard, hosts: Mapping[str, tuple[str, ...]], leader: str,
                 run: str, may_join: bool = False, now: Callable[[], float] = time.monotonic):
        """Be the process of ``card`` among those of ``hosts``; ``run`` would be our own number.

        ``may_join``: this process may take another's place in a run that has begun.  ``now()``:
        seconds.
        """
        self._card = card
        self._host_of = {process: host for host, processes in hosts.items()
                         for process in processes}
        self._leads = leader == card.process
        self._leader = leader
        self._own_run = run
        self._may_join = may_join
        self._now = now
        self._started = now()
        self._cards: dict[str, tuple[HostCard, float]] = {}
        self._strangers: dict[str, float] = {}
        self._knows: dict[str, int] = {}
        self._begun = False
        self.run = ""
        """The number of the run, once it is agreed on."""
        self.refusal = ""
        """Why this process cannot be in one run with another host."""

    @property
    def card(self) -> HostCard:
        """Return what to say to the others now."""
        return self._card.now(self.run, self._begun, self.waited, dict(self._knows))

    @property
    def waited(self) -> float:
        """Return for how many seconds this process has been there."""
        return self._now() - self._started

    def begin(self) -> None:
        """Note that our nodes run."""
        self._begun = True

    def note(self, card: HostCard, genuine: bool) -> str:
        """Take what another process says; return what a person should know of it, if anything.

        ``genuine``: it has shown the run's key.  Without it a card means nothing, as anybody may
        write one; nor does one that does not know us, as somebody may have kept it from an earlier
        run.
        """
        if not genuine:
            return self._note_stranger(card.host)
        if card.process in self._host_of:
            self._knows[card.process] = card.incarnation
        if card.knows.get(self._card.process) != self._card.incarnation:
            return ""
        if card.process == self._card.process and card.host == self._card.host:
            self._note_namesake(card)
        elif not self._begun:
            self.refusal = self.refusal or self._misfit(card)
        if self.refusal:
            return ""
        if card.process in self._host_of and card.process != self._card.process:
            self._cards[card.process] = (card, self._now())
            self._agree()
        return ""

    def absent(self) -> dict[str, str]:
        """Return the hosts that are not there yet, or not whole, each with a remark or ""."""
        found: dict[str, str] = {}
        for process, host in self._host_of.items():
            if process == self._card.process or host in found:
                continue
            card = self._heard(process)
            if card is None:
                found[host] = _OTHER_KEY if self._fresh(self._strangers.get(host)) else ""
            elif card.begun and not self._may_join:
                found[host] = _EARLIER_RUN
        return found

    def _agree(self) -> None:
        if self.run:
            return
        known = [card for process in self._host_of if (card := self._heard(process)) is not None
                 and card.run and (self._may_join or not card.begun)
                 and (self._leads or process == self._leader)]
        if known:
            self.run = known[0].run
        elif self._leads and not self.absent():
            self.run = self._own_run

    def _heard(self, process: str) -> HostCard | None:
        card, since = self._cards.get(process, (None, None))
        return card if self._fresh(since) else None

    def _fresh(self, since: float | None) -> bool:
        return since is not None and self._now() - since <= _FRESH_SECONDS

    def _note_stranger(self, host: str) -> str:
        if host not in self._host_of.values():
            return ""
        new = host not in self._strangers
        self._strangers[host] = self._now()
        return f"host {host} {_OTHER_KEY} than that of host {self._card.host}; it is refused" \
            if new else ""

    def _note_namesake(self, card: HostCard) -> None:
        """Leave to the one that was there first, if another machine says that it is this one."""
        if card.incarnation != self._card.incarnation and not self._begun \
                and (card.begun or card.waited > self.waited):
            self.refusal = (f"another machine or command is host {card.host} of this run already; "
                            "expected one for each host")

    def _misfit(self, card: HostCard) -> str:
        """Return how another host differs from this one where both must be equal."""
        own, there = self._card, f"host {card.host}"
        if card.version != own.version:
            return (f"dnne_ros {own.version} here, and {card.version} on {there}; expected the "
                    "same version on all hosts")
        differing = [name for name in sorted({*own.about, *card.about})
                     if own.about.get(name) != card.about.get(name)]
        if not differing:
            return ""
        found = "; ".join(f"{name} {own.about.get(name, 'unknown')} here, and "
                          f"{card.about.get(name, 'unknown')} on {there}" for name in differing)
        return f"{found}; expected the same workflow, placement and options on all hosts"
