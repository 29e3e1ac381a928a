"""What of the machine decides about rules, besides the rules themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portview.domain.facts import Fact
    from portview.firewall.windows.addresses import Address, Network


class Profile(StrEnum):
    """The kinds of network that Windows keeps rules and settings apart for."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and rules are looked up often

    DOMAIN = "domain"
    PRIVATE = "private"
    PUBLIC = "public"


def _not_reported(_path: str) -> str | None:
    return None


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The machine around the rules, as it was at one moment.

    ``active`` are the profiles of the connected networks, empty where that could not be read.
    ``variables`` are environment variables with names in lower case. ``addresses`` are this
    machine's own, ``networks`` those that it is in, and ``has_more_ipv6`` says that the local
    subnet may be more than those of IPv6. ``version`` is Windows' major and
    minor number, None where it is not known. ``shown_text`` turns ``@FirewallAPI.dll,-25301`` into
    the text that Windows shows; it takes any text and may be slow the first time. ``long_path``
    writes out 8.3 names, None where that can't be determined. ``products`` are those that filter in
    place of Windows' firewall, ``is_service_running`` is about its service.
    """

    active: frozenset[Profile] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    addresses: frozenset[Address] = frozenset()
    networks: frozenset[Network] = frozenset()
    has_more_ipv6: bool = True
    version: tuple[int, int] | None = None
    shown_text: Callable[[str], str] = field(default=_as_it_is, compare=False)
    long_path: Callable[[str], str | None] = field(default=_not_reported, compare=False)
    products: Fact[tuple[str, ...]] = field(default_factory=Absent)
    is_service_running: Fact[bool] = field(default_factory=lambda: Known(value=True))
