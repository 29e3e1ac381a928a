"""One rule, with what it is about taken out of its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from portview.domain.firewall import RuleEffect
from portview.firewall.windows.addresses import AddressSet, address_set
from portview.firewall.windows.ports import PortSet, port_set
from portview.firewall.windows.rule_string import damage_of, split_rule
from portview.firewall.windows.surroundings import Profile
from portview.i18n import N_, _, join_or

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.firewall.windows.policy import Store, StoredRule

ANY_SERVICE = "*"

_EFFECTS = {
    "allow": RuleEffect.ALLOW,
    "block": RuleEffect.BLOCK,
    "bypass": RuleEffect.BYPASS,
}
_ANY_PROTOCOL = 256
_PROFILES = {profile.value: profile for profile in Profile}
# Edge and Defer are about traffic that came through Teredo or IP-HTTPS; SkipVer is for old systems.
_NEUTRAL = frozenset(["name", "desc", "embedctxt", "edge", "defer", "skipver"])
_READ = frozenset(
    ["action", "active", "dir", "profile", "protocol", "app", "svc", "platform", "platform2"]
)
_GROWN = re.compile(r"(?P<base>lport|rport|iftype|ttk)2_[0-9]+|(?P<set>[lr]a[46])2")
"""Keys of later versions that say more of the same: "LPort2_10", "RA42"."""

_TRAFFIC = {
    "security": N_("protected by IPsec"),
    "security2": N_("protected by IPsec"),
    "security2_9": N_("protected by IPsec"),
    "rmauth": N_("from certain computers, by IPsec"),
    "ruauth": N_("from certain users, by IPsec"),
    "if": N_("on certain network interfaces"),
    "iftype": N_("on network interfaces of type {values}"),
    "rport": N_("from port {values}"),
}
_DOUBTS = {
    "luown": N_("it counts for the programs of one user only"),
    "luauth": N_("it is for certain local users or apps"),
    "luauth2_24": N_("it is for certain local users or apps"),
}
_BASES = frozenset(["ttk", "lport", "rport", "la4", "la6", "ra4", "ra6", "apppkgid", "pfn"])
_UNKNOWN = "?"

Values: TypeAlias = dict[str, list[str]]
"""Values by what they are about: the key in lower case, without what a later version adds."""


class Condition(NamedTuple):
    """A condition on the traffic that a question leaves open.

    ``phrase`` is for people. ``values`` are all that meet it, as written: two conditions are the
    same only where these are, whatever the phrases say.
    """

    phrase: str
    values: str = ""


@dataclass(frozen=True, slots=True)
class WindowsRule:
    """A rule of any store.

    ``effect`` is OTHER and ``is_inbound`` None where the text does not say. ``profiles`` is None
    for all of them, ``protocol`` is the IP protocol number, None for any. ``traffic`` are
    conditions on the traffic or the client, all of which must be met; ``doubts`` are conditions
    that can't be judged from outside, damage included. ``program`` is as written, ``path`` the same
    in normal form; ``service`` may be "*". ``platforms`` are versions of Windows. ``trusted`` are
    kinds of connections that Windows' own services vouch for one by one, such as those of devices
    paired by Wi-Fi Direct (trust tuples, MS-FASP 2.2.97).
    """

    store: Store
    id: str
    text: str
    effect: RuleEffect
    is_enabled: bool
    is_inbound: bool | None
    profiles: frozenset[Profile] | None = None
    protocol: int | None = None
    local_ports: PortSet | None = None
    program: str = ""
    path: str = ""
    service: str = ""
    package: str = ""
    local: AddressSet | None = None
    remote: AddressSet | None = None
    platforms: tuple[tuple[int, int, bool], ...] = ()
    traffic: frozenset[Condition] = frozenset()
    trusted: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def read_rule(stored: StoredRule, normal: Callable[[str], str]) -> WindowsRule:
    """Read a rule of a store. Never fails: what is damaged or not known becomes a doubt.

    ``normal`` brings a program's path to the form that paths are compared in.
    """
    version, fields, is_closed = split_rule(stored.text)
    # Of a rule that was cut short, nobody knows how its last value continues.
    values = _values(fields if is_closed else fields[:-1])
    doubts: list[str] = []
    damage = damage_of(version, fields, is_closed=is_closed)
    if damage:
        doubts.append(_("the rule can't be read: {damage}").format(damage=damage))
    active = _last(values, "active").lower()
    if active not in {"true", "false", ""}:
        doubts.append(_doubt("Active", active))
    direction = _last(values, "dir").lower()
    is_inbound = {"in": True, "out": False}.get(direction)
    if is_inbound is None and not damage:
        doubts.append(_("it has no direction"))
    effect = _EFFECTS.get(_last(values, "action").lower(), RuleEffect.OTHER)
    if effect is RuleEffect.OTHER and not damage:
        doubts.append(_("it has no action that is known"))
    # Hardening rules are written without; everywhere else that would mean switched off.
    is_enabled = active not in {"false", ""} or (
        not active and (stored.store.is_hardening or bool(damage))
    )
    return WindowsRule(
        *stored,
        effect,
        is_enabled,
        is_inbound,
        _profiles(values, doubts),
        _protocol(values, doubts),
        _ports(values.get("lport")),
        _last(values, "app"),
        normal(_last(values, "app")),
        _last(values, "svc"),
        _last(values, "apppkgid") or _last(values, "pfn"),
        _addresses(values, "la"),
        _addresses(values, "ra"),
        _platforms(values, doubts),
        _traffic(values),
        tuple(values.get("ttk", ())),
        (*doubts, *values.get(_UNKNOWN, ())),
    )


def _doubt(key: str, value: str | None) -> str:
    text = key if value is None else f"{key}={value}"
    return _(_DOUBTS.get(key.lower(), "")) or _(
        "its condition {text} can't be judged from outside"
    ).format(text=text)


def is_dormant(text: str) -> bool:
    """Report at a glance whether a rule in lower case can't match: switched off, or outbound.

    Most of a store is like that. What is not seen at a glance is found when the rule is read.
    """
    return any(
        mark in text and text.count(key) == 1
        for key, mark in (("|active=", "|active=false|"), ("|dir=", "|dir=out|"))
    )


@lru_cache(maxsize=1000)
def _about(key: str) -> str:
    """Return what a key is about, ``_UNKNOWN`` for one that this reader does not know."""
    key = key.lower()
    grown = _GROWN.fullmatch(key)
    if grown:
        return grown["base"] or grown["set"]
    is_known = key in _NEUTRAL or key in _READ or key in _TRAFFIC or key in _BASES
    return key if is_known else _UNKNOWN


def _values(fields: Sequence[tuple[str, str | None]]) -> Values:
    values: Values = {}
    for key, value in fields:
        about = _about(key)
        if about is _UNKNOWN:
            values.setdefault(about, []).append(_doubt(key, value))
        elif value is None:
            continue
        elif about in values:
            values[about].append(value)
        else:
            values[about] = [value]
    return values


def _last(values: Values, key: str) -> str:
    found = values.get(key)
    return found[-1].strip() if found else ""


def _profiles(values: Values, doubts: list[str]) -> frozenset[Profile] | None:
    names = values.get("profile")
    if not names:
        return None
    known = [_PROFILES.get(name.strip().lower()) for name in names]
    if None in known:
        doubts.append(_doubt("Profile", names[known.index(None)]))
        return None
    return frozenset(profile for profile in known if profile)


def _protocol(values: Values, doubts: list[str]) -> int | None:
    text = _last(values, "protocol")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= _ANY_PROTOCOL):
        doubts.append(_doubt("Protocol", text))
        return None
    return None if int(text) == _ANY_PROTOCOL else int(text)


def _ports(texts: list[str] | None) -> PortSet | None:
    ports = port_set(tuple(texts)) if texts else None
    return None if ports is None or ports.has_all else ports


def _addresses(values: Values, start: str) -> AddressSet | None:
    texts = [(family, text) for family in (4, 6) for text in values.get(f"{start}{family}", ())]
    return address_set(tuple(texts)) if texts else None


def _platforms(values: Values, doubts: list[str]) -> tuple[tuple[int, int, bool], ...]:
    """Return the versions (major, minor, and whether later ones too) that a rule is for.

    Platform 2 is Windows NT; ``Platform2=GTEQ`` counts for the last entry (MS-GPFAS 2.2.2.18).
    """
    texts = values.get("platform")
    if not texts:
        return ()
    found = []
    for text in texts:
        parts = text.strip().split(":")
        if len(parts) != 3 or not all(part.isdecimal() for part in parts) or parts[0] != "2":  # noqa: PLR2004 - platform, major, minor
            doubts.append(_doubt("Platform", text))
            return ()
        found.append((int(parts[1]), int(parts[2]), False))
    later = _last(values, "platform2").lower()
    if later:
        found[-1] = (*found[-1][:2], later == "gteq")
    if later not in {"", "gteq"}:
        doubts.append(_doubt("Platform2", later))
        return ()
    return tuple(found)


def _traffic(values: Values) -> frozenset[Condition]:
    found = set()
    for key, phrase in _TRAFFIC.items():
        texts = values.get(key)
        if texts and not (key == "rport" and _ports(texts) is None):
            known = sorted({text.lower() for text in texts})
            found.add(
                Condition(_(phrase).format(values=join_or(texts)), f"{key}={'|'.join(known)}")
            )
    return frozenset(found)
