"""How a producer and the consumers of an output find out what to expect of each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.frame import FrameKind, pack_head
from dnne_ros.transport.identity import new_identity
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.terms import Terms
from dnne_ros.transport.window import Window

_GREET_SECONDS = 0.05


class Restart(Protocol):
    """What a producer goes on with that takes another's place."""

    def base(self, had: int | None) -> int | None:
        """Return how many items there were before; None if that is not known yet.

        ``had``: as many have been handled by all consumers; None if a lossless one is new, too.
        """
        ...

    def sent_before(self) -> int:
        """Return up to which number the one before may have sent items, at most."""
        ...


class Step(Enum):
    """What a credit means for the consumer that it is of."""

    WAITS = 0
    """Nothing: there is something to agree on, or it is not for us."""
    RETURNS = 1
    """It was absent and is back."""
    BEGINS = 2
    """It listens from now on."""
    GOES_ON = 3
    """It says how far it has come."""


class Handshake:
    """Answers credits with HELLO and WELCOME until each consumer listens to this producer."""

    def __init__(self, consumers: Sequence[Consumer], window: Window, endpoint: ProcessEndpoint,
                 publish: Callable[[bytes], None], restart: Restart | None = None):
        """Agree on the items of ``window``; ``publish`` sends a frame where all consumers hear it.

        ``restart`` says what the node goes on with if it takes another's place; without, what it
        sends is new.
        """
        self._consumers = consumers
        self._window = window
        self._run = endpoint.run
        # Now, as the first look at an address makes what it leads to.
        self._channels = endpoint.addresses()
        self._stores = {store.name: store.address for store in endpoint.stores}
        self._publish = publish
        self._restart = restart
        self.stream = new_identity()
        """This producer's incarnation; a later one takes the place of an earlier."""
        self.replaced = False
        """A consumer listens to a later producer of the same name."""
        self.base: int | None = None
        """How many items each consumer had at the start; None until all have said so."""

    def missing(self) -> list[str]:
        """Return the names of planned consumers that do not listen to this producer yet."""
        return [consumer.name for consumer in self._consumers if consumer.stream != self.stream]

    def answer(self, consumer: Consumer, credit: Credit) -> Step:
        """Take the next step with a consumer that has said ``credit``."""
        if credit.run != self._run or credit.incarnation < 1:
            return Step.WAITS
        if credit.incarnation < consumer.incarnation:
            self._say_who_is_there(consumer, credit)
            return Step.WAITS
        if credit.heard > self.stream:
            if self.base is not None:
                self.replaced = True
                return Step.WAITS
            self.stream = new_identity(credit.heard)  # nobody listens to us yet
        if credit.incarnation != consumer.incarnation:
            self._expect(consumer, credit.incarnation)
        if credit.heard != self.stream:
            self._greet(consumer, FrameKind.HELLO)
        elif credit.stream != self.stream:
            self._welcome(consumer, credit)
        elif consumer.absent:
            self._welcome_back(consumer, credit)
            return Step.RETURNS
        elif consumer.stream == self.stream:
            return Step.GOES_ON
        elif credit.received >= consumer.first - 1:  # else it was said before the welcome
            consumer.stream = self.stream
            return Step.BEGINS
        return Step.WAITS

    def _expect(self, consumer: Consumer, incarnation: int) -> None:
        """Hear of a consumer's (new) incarnation for the first time."""
        if consumer.stream == self.stream:  # it replaces one that we knew
            consumer.may_repeat = consumer.lossless and not consumer.absent
            consumer.first = self._next_for(consumer)
            consumer.stream = 0
        consumer.incarnation = incarnation
        consumer.greeted_at = 0.0

    def _next_for(self, consumer: Consumer) -> int:
        """Return the number that a consumer begins with which takes another's place."""
        if consumer.may_repeat:
            return consumer.handled + 1
        # The latest value is one that was sent already.
        return self._window.sent + (consumer.policy is not EdgePolicy.LATEST)

    def _welcome(self, consumer: Consumer, credit: Credit) -> None:
        """Tell a consumer what to expect, once all have said how far they have come."""
        if self.base is not None:
            self._greet(consumer, FrameKind.WELCOME)
            return
        # We replace the one that it listened to; or both are new, and it knows what there was.
        if credit.stream != 0 or credit.received:
            consumer.received, consumer.handled = credit.received, credit.handled
            consumer.had_another = True
        consumer.acknowledged = True
        self.agree()

    def agree(self) -> None:
        """Welcome all consumers, once they have said how far they are and our start is known."""
        if self.base is not None or not all(known.acknowledged for known in self._consumers):
            return
        others = [known for known in self._consumers if known.had_another]
        if self._restart is None:
            self.base = max((known.received for known in others), default=0)
        else:
            # What they have received but not handled dies with them, and we have not kept it.
            deciding = self._window.lossless or others
            have = [known.done_with for known in deciding if known.had_another]
            self.base = self._restart.base(
                min(have) if have and len(have) == len(deciding) else None)
            self._window.sent_before = self._restart.sent_before()
        if self.base is None:
            return
        self._window.sent = self.base
        for known in self._consumers:
            known.first = self.base + 1
            known.taken = self.base
            known.handled = max(known.handled, self.base)
            known.greeted_at = 0.0
            self._greet(known, FrameKind.WELCOME)

    def _welcome_back(self, consumer: Consumer, credit: Credit) -> None:
        """Let a consumer that slept go on with the next item; what it missed is dropped."""
        consumer.absent = False
        if consumer.stream == self.stream:
            consumer.counts.dropped -= credit.received - consumer.received
        consumer.first = self._window.sent + 1
        consumer.may_repeat = False
        consumer.stream = 0
        consumer.greeted_at = 0.0
        self._greet(consumer, FrameKind.WELCOME)

    def _greet(self, consumer: Consumer, kind: FrameKind) -> None:
        """Say hello or welcome; again and again, as a consumer may not be matched yet."""
        now = time.monotonic()
        if now - consumer.greeted_at < _GREET_SECONDS:
            return
        consumer.greeted_at = now
        self._address(consumer.incarnation, kind, consumer.first, Terms(
            self._run, 0, self._channels, self._stores))

    def _say_who_is_there(self, consumer: Consumer, credit: Credit) -> None:
        """Tell an earlier incarnation, or a new one that cannot know it, who has its place."""
        now = time.monotonic()
        if now - consumer.refused_at >= _GREET_SECONDS:
            consumer.refused_at = now
            self._address(credit.incarnation, FrameKind.HELLO, 0,
                          Terms(self._run, consumer.incarnation))

    def _address(self, incarnation: int, kind: FrameKind, number: int, terms: Terms) -> None:
        body = terms.to_bytes()
        self._publish(pack_head(kind, incarnation, self.stream, number, 0, len(body)) + body)
