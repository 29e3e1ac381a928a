"""The address: not on this machine, not yet, or of a family that is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Side, ruled_out
from portview.diagnosis.wording import bind_evidence, listed
from portview.domain.address_matching import parse_socket_address
from portview.domain.facts import Absent
from portview.i18n import _

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from portview.diagnosis.facts import Facts
    from portview.readers.interfaces import InterfaceAddress

_NOT_AVAILABLE = frozenset({49, 99, 10049})
_NO_FAMILY = frozenset({47, 97, 10047})
_INVALID = frozenset({22, 10022})
_IPV6 = 6


def address_not_here(facts: Facts) -> Finding | None:
    """Detect that the address that is asked about belongs to no interface of this machine."""
    asked = facts.question.address
    if asked is None or not _is_unavailable(facts):
        return None
    if facts.addresses.value is None or _own(facts) is not None or _is_family_off(facts):
        return None
    own = [one.address for one in facts.addresses.value if not one.is_link_local]
    return Finding(
        "address_not_here",
        Side.BIND,
        Certainty.PROVED,
        _("This machine does not have the address {address}; it has {own}.").format(
            address=asked, own=listed(own)
        ),
        (
            Evidence(_("Own addresses"), listed(own), facts.addresses.source),
            *bind_evidence(facts),
        ),
        (
            Fix(
                _("Listen on one of this machine's addresses, or on all of them ({all}).").format(
                    all="::" if ":" in asked else "0.0.0.0"  # noqa: S104 - a word
                )
            ),
        ),
    )


def address_tentative(facts: Facts) -> Finding | None:
    """Detect that the address is there, and still checked for duplicates (RFC 4862)."""
    own = _own(facts)
    if own is None or not own.is_tentative or not _is_unavailable(facts):
        return None
    return Finding(
        "address_tentative",
        Side.BIND,
        Certainty.PROVED,
        _(
            "{address} is still being checked for duplicates "
            "on {interface}, or is one: nothing can "
            "be bound to it meanwhile."
        ).format(address=own.address, interface=own.interface),
        (
            Evidence(_("State of the address"), "tentative", facts.addresses.source),
            *bind_evidence(facts),
        ),
        (Fix(_("Wait two seconds and try again.")),),
    )


def zone_missing(facts: Facts) -> Finding | None:
    """Detect that a link-local address needs its interface."""
    asked = facts.question.address or ""
    one = _ip(asked)
    if one is None or not one.is_link_local or "%" in asked or one.version != _IPV6:
        return None
    if not any(place.code in _INVALID for place in facts.refused):
        return None
    own = [item.interface for item in facts.addresses.value or () if item.is_link_local]
    zone = own[0] if own else "eth0"
    return Finding(
        "zone_missing",
        Side.BIND,
        Certainty.PROVED,
        _("{address} is link-local and names no interface.").format(address=asked),
        bind_evidence(facts),
        (
            Fix(
                _("Write it with its interface: {address}%{zone}.").format(address=asked, zone=zone)
            ),
        ),
    )


def ipv6_off(facts: Facts) -> Finding | None:
    """Detect that IPv6 is switched off, or not there at all."""
    asked = facts.question.address
    if asked is None or ":" not in asked:
        return None
    if not _is_family_off(facts) or not facts.refused:
        if facts.ipv6_off.value is False:
            return ruled_out("ipv6_off", Side.BIND, _("IPv6 is switched on."))
        return None
    return Finding(
        "ipv6_off",
        Side.BIND,
        Certainty.PROVED,
        _("IPv6 is switched off on this machine, so {address} can't be used.").format(
            address=asked
        ),
        (
            Evidence("disable_ipv6", "1", facts.ipv6_off.source),
            *bind_evidence(facts),
        ),
        (
            Fix(_("Listen on an IPv4 address.")),
            *_switch_on(facts),
        ),
    )


def _switch_on(facts: Facts) -> tuple[Fix, ...]:
    if facts.platform != "linux":
        return ()
    return (
        Fix(
            _("Switch IPv6 on."),
            ("sysctl", "-w", "net.ipv6.conf.all.disable_ipv6=0"),
            needs_admin=True,
            undo="sysctl -w net.ipv6.conf.all.disable_ipv6=1",
        ),
    )


def _is_family_off(facts: Facts) -> bool:
    asked = facts.question.address or ""
    if ":" not in asked:
        return False
    if isinstance(facts.ipv6_off.fact, Absent) or facts.ipv6_off.value:
        return True
    return any(one.code in _NO_FAMILY for one in facts.binds.value or ())


def _is_unavailable(facts: Facts) -> bool:
    return any(one.code in _NOT_AVAILABLE for one in facts.refused)


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    address = parse_socket_address(text)
    return address.ip if address else None


def _own(facts: Facts) -> InterfaceAddress | None:
    wanted = _ip(facts.question.address or "")
    for one in facts.addresses.value or ():
        if wanted is not None and _ip(one.address) == wanted:
            return one
    return None


CAUSES = (address_not_here, address_tentative, zone_missing, ipv6_off)
