"""What a producer tells a consumer at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dnne_ros.transport.identity import MOST

_CHANNEL, _STORE = "channel", "store"
_NUMBERS = 2
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Terms:
    """The body of HELLO and WELCOME.

    ``run`` is the run's number.  ``above`` is the incarnation that has the place of the addressed
    consumer; 0: nobody has.  ``channels`` and ``stores`` are the addresses of the producer's
    carriers by name, in its order.
    """

    run: int
    above: int = 0
    channels: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the terms as text, its words separated by blanks."""
        carriers = [f"{kind}:{name}={address}"
                    for kind, addresses in ((_CHANNEL, self.channels), (_STORE, self.stores))
                    for name, address in addresses.items()]
        return " ".join((str(self.run), str(self.above), *carriers)).encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes | memoryview) -> Terms:
        """Read the terms; ValueError if they are none."""
        if len(body) > _MOST_BYTES:
            raise ValueError(f"expected terms of at most {_MOST_BYTES} bytes, found {len(body)}")
        words = str(body, "ascii").split(" ")
        if len(words) < _NUMBERS:
            raise ValueError(f"expected {_NUMBERS} numbers, found {len(words)}")
        numbers, carriers = [_number(word) for word in words[:_NUMBERS]], words[_NUMBERS:]
        addresses: dict[str, dict[str, str]] = {_CHANNEL: {}, _STORE: {}}
        for carrier in carriers:
            what, _, address = carrier.partition("=")
            kind, _, name = what.partition(":")
            if kind not in addresses:
                raise ValueError(f"{kind!r:.40} is no kind of carrier")
            addresses[kind][name] = address
        run, above = numbers
        return cls(run, above, addresses[_CHANNEL], addresses[_STORE])


def _number(word: str) -> int:
    number = int(word)
    if not 0 <= number <= MOST:
        raise ValueError(f"{word:.40} is beyond all bounds")
    return number
