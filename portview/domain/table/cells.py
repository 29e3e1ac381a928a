"""What a row says in each column: the same for the window, the command line, copies and exports.

A text is what the machine said, untouched, and empty where nothing is known. A key is what a column
sorts by, None where nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portview.domain.formatting import format_rate
from portview.domain.local_time import short_moment
from portview.domain.owners.identity import container_name_of, project_of, what_of
from portview.domain.owners.owners import command_line_of, describe_owner, user_of
from portview.domain.sockets.port_names import PortNames
from portview.domain.sockets.socket_row import (
    Family,
    Protocol,
    State,
    awaits_clients,
    endpoint_text,
    is_loopback,
)
from portview.domain.table.collation import order_of
from portview.domain.verdict_labels import VERDICT_ORDER, verdict_label
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.firewall import FirewallAnswer
    from portview.domain.owners.process import Execution, ProcessKey
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey, SocketRow
    from portview.domain.sockets.traffic import TrafficRate

LOOPBACK = N_("Loopback")
LOOPBACK_CODE = "loopback"
_PROTOCOL_NAMES = {
    Family.IPV4: {Protocol.TCP: "TCP", Protocol.UDP: "UDP"},
    Family.IPV6: {Protocol.TCP: "TCP6", Protocol.UDP: "UDP6"},
}
_STATE_ORDER = {state: number for number, state in enumerate(State)}
_STANDING_WORDS = {"suspended": N_("suspended"), "traced": N_("stopped")}
_VERDICT_NUMBERS = {value: number for number, value in enumerate(VERDICT_ORDER)}


@dataclass(frozen=True, slots=True)
class CellContext:
    """What cells depend on beyond the row and its owner.

    ``now_ms`` is Unix time, UTC; ``hosts`` are the names of remote addresses, as far as known;
    ``rates`` is what is known of traffic, ``totals`` that of all connections of a server, and
    ``traffic_hint`` says why there is none; likewise
    ``firewall`` and ``firewall_hint``. ``standing`` are the processes known to be suspended.
    """

    now_ms: int = 0
    port_names: PortNames = field(default_factory=lambda: PortNames({}))
    hosts: Mapping[str, str] = field(default_factory=dict, hash=False)
    rates: Mapping[SocketKey, TrafficRate] = field(default_factory=dict, hash=False)
    totals: Mapping[SocketKey, TrafficRate] = field(default_factory=dict, hash=False)
    traffic_hint: str = ""
    firewall: Mapping[SocketKey, FirewallAnswer] = field(default_factory=dict, hash=False)
    firewall_hint: str = ""
    standing: Mapping[ProcessKey, Execution] = field(default_factory=dict, hash=False)

    def standing_of(self, row: SocketRow) -> Execution | None:
        """Return how the owner of a row is suspended, None where it is not known to."""
        owner = row.key.owner
        return self.standing.get(owner) if self.standing and owner is not None else None


def what_text(entry: SocketEntry, _: CellContext) -> str:
    """Return what the program is to a person; empty where that isn't known."""
    return what_of(entry.row, entry.info)


def what_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by text."""
    return order_of(entry.identity_texts.what) or None


def project_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the project that the program works for."""
    return project_of(entry.row, entry.info)


def project_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by name."""
    return order_of(entry.identity_texts.project) or None


def container_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the container that serves the socket."""
    return container_name_of(entry.row, entry.info)


def container_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by name."""
    return order_of(entry.identity_texts.container) or None


def process_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the owner's name, or in a word why there is none; never empty."""
    return describe_owner(entry.row, entry.info)


def process_shown_text(entry: SocketEntry, context: CellContext) -> str:
    """Return the owner's name, and that the process is suspended; an icon says so as well."""
    text = process_text(entry, context)
    standing = context.standing_of(entry.row)
    return text if standing is None else f"{text}, {_(_STANDING_WORDS[standing])}"


def process_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by name."""
    return order_of(entry.owner_texts.name) or None


def pid_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the process ID that the system names."""
    return "" if entry.row.pid is None else str(entry.row.pid)


def pid_key(entry: SocketEntry, _: CellContext) -> int | None:
    """Sort by number."""
    return entry.row.pid


def protocol_text(entry: SocketEntry, _: CellContext) -> str:
    """Return TCP or UDP, with a 6 for IPv6 as netstat writes it."""
    key = entry.row.key
    return _PROTOCOL_NAMES[key.family][key.protocol]


def local_address_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the address that the socket is bound to."""
    return entry.row.key.local.address


def local_address_key(entry: SocketEntry, _: CellContext) -> bytes:
    """Sort by the number of the address, then by port."""
    return entry.local_place


def port_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the local port."""
    return str(entry.row.key.local.port)


def port_key(entry: SocketEntry, _: CellContext) -> int:
    """Sort by number."""
    return entry.port


def name_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the service usually found on the local port."""
    return entry.port_name


def name_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by name."""
    return entry.port_name.casefold() or None


def remote_address_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the other end with its port."""
    return endpoint_text(entry.row.key.remote)


def remote_address_key(entry: SocketEntry, _: CellContext) -> bytes | None:
    """Sort by the number of the address, then by port."""
    return entry.remote_place


def remote_host_text(entry: SocketEntry, context: CellContext) -> str:
    """Return the name of the other end."""
    remote = entry.row.key.remote if context.hosts else None
    return "" if remote is None else context.hosts.get(remote.address, "")


def remote_host_key(entry: SocketEntry, context: CellContext) -> str | None:
    """Sort by name."""
    return remote_host_text(entry, context).casefold() or None


def state_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the state; UDP has none."""
    return "" if entry.row.state is None else entry.row.state.value


def state_key(entry: SocketEntry, _: CellContext) -> int | None:
    """Sort by the life of a connection, from LISTEN to CLOSED."""
    return None if entry.row.state is None else _STATE_ORDER[entry.row.state]


def firewall_code(entry: SocketEntry, context: CellContext) -> str:
    """Return a verdict's value or "loopback"; empty for connections and where it is unknown."""
    row = entry.row
    if not awaits_clients(row):
        return ""
    if is_loopback(row.key.local.address):
        return LOOPBACK_CODE
    answer = context.firewall.get(row.key)
    return "" if answer is None else answer.verdict.value


def firewall_text(entry: SocketEntry, context: CellContext) -> str:
    """Return in a word what becomes of clients on other machines; of connections nothing."""
    row = entry.row
    if not awaits_clients(row):
        return ""
    if is_loopback(row.key.local.address):
        return _(LOOPBACK)
    answer = context.firewall.get(row.key)
    return "" if answer is None else verdict_label(answer.verdict)


def firewall_key(entry: SocketEntry, context: CellContext) -> int | None:
    """Sort by how far a port is open, the most open first."""
    if not awaits_clients(entry.row):
        return None  # as most sockets, which cost the least this way
    if is_loopback(entry.row.key.local.address):
        return len(VERDICT_ORDER)
    answer = context.firewall.get(entry.row.key)
    return None if answer is None else _VERDICT_NUMBERS[answer.verdict]


def service_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the services behind the socket."""
    return ", ".join(entry.row.services)


def service_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by name."""
    return order_of(", ".join(entry.row.services).casefold()) or None


def user_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the user."""
    return user_of(entry.row, entry.info) or ""


def user_name_text(entry: SocketEntry, context: CellContext) -> str:
    """Return the user without the Windows domain, most often the machine's name, before it."""
    return user_text(entry, context).rpartition("\\")[2]


def user_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by what is shown first: the name, then the domain."""
    user = entry.owner_texts.user or (entry.row.user or "").casefold()
    domain, _backslash, name = user.rpartition("\\")
    return order_of(f"{name}\\{domain}" if domain else name) or None


def since_text(entry: SocketEntry, context: CellContext) -> str:
    """Return since when the socket is there, as exactly as that is known."""
    opened_ms = opened_at(entry)
    if opened_ms is not None:
        return short_moment(opened_ms, context.now_ms)
    if entry.first_seen_ms:
        # Open when PortView first looked, for who knows how long.
        moment = short_moment(entry.first_seen_ms, context.now_ms)
        return _("before {moment}").format(moment=moment)
    return ""


def opened_at(entry: SocketEntry) -> int | None:
    """Return when a socket was opened: as the system says it, or as its process started.

    A server most often opens its socket as it starts. A connection comes at any time, so that the
    start of its process says nothing about it; nor does one after PortView first saw the socket.
    """
    row = entry.row
    if row.opened_at_ms is not None:
        return row.opened_at_ms
    owner = row.key.owner
    if row.key.remote is not None or owner is None or not owner.started_ms:
        return None
    if entry.first_seen_ms and owner.started_ms > entry.first_seen_ms:
        return None
    return owner.started_ms


def since_key(entry: SocketEntry, _unused: CellContext) -> int | None:
    """Sort the youngest first."""
    opened_ms = opened_at(entry)
    if opened_ms is not None:
        return -opened_ms
    return -entry.first_seen_ms if entry.first_seen_ms else None


def down_text(entry: SocketEntry, context: CellContext) -> str:
    """Return what the socket receives."""
    rate = context.rates.get(entry.row.key)
    return "" if rate is None else format_rate(rate.received_bytes_per_s)


def down_key(entry: SocketEntry, context: CellContext) -> float | None:
    """Sort by number."""
    rate = context.rates.get(entry.row.key) if context.rates else None
    return None if rate is None else rate.received_bytes_per_s


def up_text(entry: SocketEntry, context: CellContext) -> str:
    """Return what the socket sends."""
    rate = context.rates.get(entry.row.key)
    return "" if rate is None else format_rate(rate.sent_bytes_per_s)


def up_key(entry: SocketEntry, context: CellContext) -> float | None:
    """Sort by number."""
    rate = context.rates.get(entry.row.key) if context.rates else None
    return None if rate is None else rate.sent_bytes_per_s


def traffic_text(entry: SocketEntry, context: CellContext) -> str:
    """Return what goes through the socket in both directions, for a server through all of them."""
    amount = traffic_key(entry, context)
    return "" if amount is None else format_rate(amount)


def traffic_key(entry: SocketEntry, context: CellContext) -> float | None:
    """Sort by number."""
    key = entry.row.key
    rate = context.rates.get(key) or context.totals.get(key)
    return None if rate is None else rate.received_bytes_per_s + rate.sent_bytes_per_s


def executable_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the path of the program."""
    return (entry.info.executable if entry.info else None) or ""


def executable_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by path."""
    return entry.owner_texts.executable or None


def command_line_text(entry: SocketEntry, _: CellContext) -> str:
    """Return the command line."""
    return command_line_of(entry.info) or ""


def command_line_key(entry: SocketEntry, _: CellContext) -> str | None:
    """Sort by text."""
    return entry.owner_texts.command_line or None
