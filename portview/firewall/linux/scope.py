"""Whom a rule that a person wants is about: networks of both IP versions. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import EVERYONE_OF, LOCAL_SUBNET_OF, RuleEffect
from portview.domain.user_input.parsing import MAX_PORT
from portview.firewall.linux.intervals import Intervals, joined
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.firewall import RuleSpec
    from portview.firewall.linux.machine import Machine, Network

_MOST_REMOTES = 100
_VERSIONS_OF = {"localsubnet": (4, 6), **{word: (one,) for one, word in LOCAL_SUBNET_OF.items()}}


@dataclass(frozen=True, slots=True)
class Scope:
    """The clients of a rule: anyone where both parts are None, else the networks in them."""

    v4: tuple[str, ...] | None = None
    v6: tuple[str, ...] | None = None

    @property
    def is_any(self) -> bool:
        """Return whether it is about every client."""
        return self.v4 is None and self.v6 is None

    def networks(self, version: int) -> tuple[str, ...]:
        """Return the networks of one IP version; empty for none or for all."""
        return (self.v4 if version == 4 else self.v6) or ()  # noqa: PLR2004 - IP version

    def sources_named(self, version: int) -> tuple[str, ...]:
        """Return the networks that a rule has to name; empty where the IP version says it all."""
        networks = self.networks(version)
        return () if EVERYONE_OF[version] in networks else networks

    def covers(self, version: int) -> bool:
        """Return whether it is about any client of one IP version."""
        return self.is_any or bool(self.networks(version))

    def sources(self) -> dict[int, Intervals] | None:
        """Return the clients as numbers by IP version, None for anyone."""
        if self.is_any:
            return None
        return {version: _numbers(self.networks(version)) for version in (4, 6)}


def scope_of(rule_spec: RuleSpec, machine: Machine) -> Scope:
    """Return whom a rule spec is about. Raises PortViewError for what can't be in a rule."""
    if rule_spec.effect not in {RuleEffect.ALLOW, RuleEffect.BLOCK}:
        raise unfit(_("A rule created by PortView can only allow or block."))
    if not 0 < rule_spec.port <= MAX_PORT:
        raise unfit(
            _("{port} is not a port.").format(port=rule_spec.port), _("Ports are 1 to 65535.")
        )
    if not 0 < len(rule_spec.remotes) <= _MOST_REMOTES:
        raise unfit(
            _("A rule needs 1 to {most_remotes} remote addresses, or “any”.").format(
                most_remotes=_MOST_REMOTES
            )
        )
    words = [text.strip().lower() for text in rule_spec.remotes]
    if "any" in words:
        return Scope()
    networks: list[Network] = []
    for word in words:
        versions = _VERSIONS_OF.get(word)
        networks += _connected(machine, versions) if versions else [_network(word)]
    v4 = [one for one in networks if isinstance(one, IPv4Network)]
    v6 = [one for one in networks if isinstance(one, IPv6Network)]
    return Scope(_texts(collapse_addresses(v4)), _texts(collapse_addresses(v6)))


def unfit(message: str, hint: str = "") -> PortViewError:
    """Return the error for a rule that can't be made."""
    return PortViewError("unfit_rule", message, hint, Outcome.BAD_INPUT)


def _connected(machine: Machine, versions: tuple[int, ...]) -> list[Network]:
    found = [
        network
        for interface in machine.outer()
        for version in versions
        for network in interface.networks(version)
        if network.prefixlen < network.max_prefixlen
    ]
    if not found:
        only = "" if len(versions) > 1 else f"IPv{versions[0]} "
        message = _("This machine is connected to no {only}network.").format(only=only)
        raise unfit(message, _("Name the addresses instead."))
    return found


def _network(word: str) -> Network:
    try:
        return ip_network(word, strict=False)
    except ValueError as error:
        raise unfit(
            _("“{word}” is not a valid address or network.").format(word=word),
            _("Write it like 192.168.1.5, 192.168.0.0/16, any or localsubnet."),
        ) from error


def _texts(networks: Iterable[Network]) -> tuple[str, ...]:
    return tuple(
        str(one.network_address) if one.prefixlen == one.max_prefixlen else str(one)
        for one in networks
    )


def _numbers(texts: Iterable[str]) -> Intervals:
    networks = [ip_network(text) for text in texts]
    return joined((int(one.network_address), int(one.broadcast_address)) for one in networks)
