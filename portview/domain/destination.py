"""Where a client's connection arrives after rules of this machine have changed its destination."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.firewall import FirewallRule


class ClientOrigin(StrEnum):
    """Where a client runs: rules often treat the two kinds differently."""

    OTHER_MACHINE = "other machine"  # untranslated: a code
    THIS_MACHINE = "this machine"  # untranslated: a code


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the packets of some clients arrive.

    ``address`` is the new destination address, None where it stays the one that was called;
    ``port`` is the port in the end. ``is_here`` says whether a socket of this machine receives
    them, else they are forwarded to another machine or container. ``rule`` is the rule that changed
    the destination, None where nothing did. ``is_all`` says whether it is so for all clients of
    this origin; else ``clients`` says in a few words for which ("over IPv4", "from 10.0.0.0/8").
    """

    origin: ClientOrigin
    port: int
    address: str | None = None
    is_here: bool = True
    rule: FirewallRule | None = None
    is_all: bool = True
    clients: str = ""

    @property
    def is_changed(self) -> bool:
        """Return whether a rule sends the packets to another address or port than was called."""
        return self.rule is not None


def redirected(destinations: Iterable[Destination]) -> tuple[Destination, ...]:
    """Return those in front of which a rule changes the destination."""
    return tuple(one for one in destinations if one.is_changed)


def shadows(destinations: Iterable[Destination], origin: ClientOrigin) -> tuple[Destination, ...]:
    """Return what keeps all clients of one origin from a listener at the port that they call.

    Empty where at least some of them arrive unchanged.
    """
    own = [one for one in destinations if one.origin is origin]
    return tuple(own) if own and all(one.is_changed for one in own) else ()
