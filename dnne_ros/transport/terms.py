"""What a producer tells a consumer at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_CHANNEL, _STORE = "channel", "store"


@dataclass(frozen=True)
class Terms:
    """The body of HELLO and WELCOME.

    ``run`` is the run's number.  For a consumer that takes another's place: up to which number
    items may come a second time, and how many had before.  ``channels`` and ``stores`` are the
    addresses of the producer's carriers by name, in its order.
    """

    run: int
    repeated_until: int = 0
    duplicated: int = 0
    channels: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the terms as text, its words separated by blanks."""
        carriers = [f"{kind}:{name}={address}"
                    for kind, addresses in ((_CHANNEL, self.channels), (_STORE, self.stores))
                    for name, address in addresses.items()]
        return " ".join((str(self.run), str(self.repeated_until), str(self.duplicated),
                         *carriers)).encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes) -> Terms:
        """Read the terms; ValueError if they are none."""
        run, repeated_until, duplicated, *carriers = str(body, "ascii").split(" ")
        addresses: dict[str, dict[str, str]] = {_CHANNEL: {}, _STORE: {}}
        for carrier in carriers:
            what, _, address = carrier.partition("=")
            kind, _, name = what.partition(":")
            if kind not in addresses:
                raise ValueError(f"{kind!r:.40} is no kind of carrier")
            addresses[kind][name] = address
        return cls(int(run), int(repeated_until), int(duplicated), addresses[_CHANNEL],
                   addresses[_STORE])
