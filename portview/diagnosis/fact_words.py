"""The facts of a diagnosis for people: what each is called, and what the machine said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.diagnosis.facts import PortSocket, Reading, Usage
from portview.diagnosis.wording import error_name, listed
from portview.domain.facts import Absent, Known, Unreadable
from portview.domain.plain_text import inert
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.i18n import N_, _
from portview.probes.server_bind import ServerBind
from portview.probes.server_reply import ServerReply
from portview.readers.interfaces import InterfaceAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.diagnosis.facts import Facts

_LONGEST = 200

_TITLES = {
    "binds": N_("Test servers"),
    "sockets": N_("Sockets on the port"),
    "lists_bound": N_("Kernel lists bound sockets"),
    "any_port_code": N_("Any port at all"),
    "control_code": N_("Some other ports"),
    "ranges": N_("Port ranges"),
    "ranges_ipv6": N_("Port ranges of IPv6"),
    "persistent_exclusions": N_("Persistent reservations"),
    "privileged_floor": N_("First port for every user"),
    "may_bind_privileged": N_("Right to privileged ports"),
    "selinux_enforcing": N_("SELinux enforces"),
    "addresses": N_("Addresses"),
    "ipv6_off": N_("IPv6 is off"),
    "owners": N_("Processes that have the port"),
    "foreign": N_("Listeners in other namespaces"),
    "usage": N_("Dynamic ports"),
    "firewall": N_("Firewall"),
    "destinations": N_("NAT rules"),
    "shadowed_address": N_("Test server reached by itself"),
    "replies": N_("Test connections"),
    "proxies": N_("Proxies"),
    "port_proxies": N_("Port proxies"),
    "http_sys": N_("http.sys"),
    "url_reservations": N_("URL reservations"),
    "wsl_mode": N_("Networking of WSL"),
    "free_port": N_("A free port nearby"),
}


def read_facts(facts: Facts) -> Iterator[tuple[str, Reading[Any]]]:
    """Yield each fact that was read with what it is called."""
    for name, title in _TITLES.items():
        reading: Reading[Any] = getattr(facts, name)
        if reading.source:
            yield _(title), reading


def fact_words(reading: Reading[Any]) -> str:
    """Return what the machine said, in a few inert words."""
    match reading.fact:
        case Known(value):
            return inert(_value_words(value), _LONGEST)
        case Absent():
            return _("none")
        case Unreadable(reason):
            return _("could not be read: {reason}").format(reason=inert(reason, _LONGEST))


def _value_words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, PortRanges):
        excluded = _("{count} reserved or excluded").format(count=len(value.excluded))
        dynamic = value.dynamic or "?"
        return _("dynamic {range}, {excluded}").format(range=dynamic, excluded=excluded)
    if isinstance(value, Usage):
        return _("{used} of {size} in use").format(used=value.used, size=value.size)
    if isinstance(value, tuple | list):
        return listed(_item_words(item) for item in value) or _("none")
    if isinstance(value, dict):
        return _("{count} entries").format(count=len(value)) if value else _("none")
    return str(value)


def _item_words(item: Any) -> str:
    if isinstance(item, ServerBind):
        outcome = _("starts") if item.code is None else error_name(item.code)
        return f"{item.address}: {outcome}"
    if isinstance(item, PortSocket):
        return f"{item.address} {item.state.value if item.state else ''}".strip()
    if isinstance(item, InterfaceAddress):
        return f"{item.address} ({item.interface})"
    if isinstance(item, ServerReply):
        return f"{item.address}: {item.kind.value} {item.speaks}".strip()
    if isinstance(item, PortRange):
        return str(item)
    return str(item)
