"""What a cell reports to those who stay on it: meaning and reasons, not the same text again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.formatting import format_duration
from portview.domain.local_time import local_moment
from portview.domain.owners.identity import container_of, describe_ancestors, identity_of
from portview.domain.owners.owners import (
    command_line_of,
    describe_field_problem,
    owner_problem_reason,
    without_process_sentence,
)
from portview.domain.sockets.connections import is_server
from portview.domain.sockets.socket_row import Protocol, State, awaits_clients, is_loopback
from portview.domain.table.cells import opened_at
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.table.cells import CellContext

_WILDCARDS = {
    "0.0.0.0": N_("All IPv4 addresses of this machine."),  # noqa: S104 - what it means, no bind
    "::": N_("All addresses of this machine; often IPv4 as well."),
}
_STATES = {
    State.LISTEN: N_("Waits for connections."),
    State.BOUND: N_("Holds the port without listening on it."),
    State.SYN_SENT: N_("Asked for a connection; no answer yet."),
    State.SYN_RECEIVED: N_("Was asked for a connection and answered."),
    State.ESTABLISHED: N_("Connected."),
    State.FIN_WAIT_1: N_("Closed on this side; the other side has not confirmed it yet."),
    State.FIN_WAIT_2: N_("Closed on this side; waits for the other side to close."),
    State.CLOSE_WAIT: N_("Closed by the other side; the program here has not closed it yet."),
    State.CLOSING: N_("Closed by both sides at once."),
    State.LAST_ACK: N_("Closed by both sides; waits for the last confirmation."),
    State.TIME_WAIT: N_("Closed. The system keeps it for a while, to catch late packets."),
    State.CLOSED: N_("Closed."),
}


def none(_entry: SocketEntry, _context: CellContext) -> str:
    """Return nothing: the cell says it all."""
    return ""


def rate(entry: SocketEntry, context: CellContext) -> str:
    """Return why no traffic is known."""
    key = entry.row.key
    if key in context.rates:
        return ""
    if key.protocol is not Protocol.TCP or key.remote is None:
        return _("Bytes are counted for TCP connections only.")
    return context.traffic_hint or _("Not measured yet: that takes two readings of a visible row.")


def traffic(entry: SocketEntry, context: CellContext) -> str:
    """Return why no traffic is known of a socket or a server."""
    if entry.row.key in context.totals:
        return ""
    if is_server(entry.row):
        return context.traffic_hint or _("Nobody is connected, or it is not measured yet.")
    return rate(entry, context)


def what(entry: SocketEntry, _context: CellContext) -> str:
    """Describe from what it was read what the program is, and what started it."""
    identity = identity_of(entry.info)
    lines = []
    container = container_of(entry.row, entry.info)
    if container is not None:
        from portview.domain.owners.container import describe_container  # noqa: PLC0415 - rare

        lines.append(describe_container(container))
        if container.image:
            lines.append(_("Image: {image}").format(image=container.image))
    if identity.sources:
        lines.append(_("Read from: {sources}.").format(sources="; ".join(identity.sources)))
    if identity.ancestors:
        lines.append(_("Started by: {chain}").format(chain=describe_ancestors(identity.ancestors)))
    return "\n".join(lines)


def process(entry: SocketEntry, context: CellContext) -> str:
    """Return why the owner is not known, or which program it is and that it is suspended."""
    row, info = entry.row, entry.info
    if row.owner_problem is not None:
        reason = owner_problem_reason(row)
        if row.pid is None:
            return reason
        return f"{reason}\n{_('The system names PID {pid}.').format(pid=row.pid)}"
    if row.key.owner is None:
        return without_process_sentence(row)
    if info is None or not info.name:
        return _("The name of the process could not be read: {field_problem}.").format(
            field_problem=describe_field_problem(info, "name")
        )
    standing = context.standing_of(row)
    lines = [info.name, info.executable or "", command_line_of(info) or ""]
    if standing is not None:
        from portview.domain.owners.explanations import describe_suspended  # noqa: PLC0415 - rare

        lines.insert(1, describe_suspended(standing))
    return "\n".join(dict.fromkeys(filter(None, lines)))


def local_address(entry: SocketEntry, _unused: CellContext) -> str:
    """Return who can reach a special address."""
    address = entry.row.key.local.address
    if is_loopback(address):
        return _("Reachable from this machine only.")
    bare, device = address.partition("%")[::2]
    if bare in _WILDCARDS and device:
        return _("Only what comes in through the network device {device}.").format(device=device)
    if entry.row.is_v6_only:
        return _("All IPv6 addresses of this machine; no IPv4.") if bare == "::" else ""
    if entry.row.is_v6_only is False and bare == "::":
        return _("All addresses of this machine, IPv4 as well.")
    return _(_WILDCARDS.get(bare, ""))


def name(entry: SocketEntry, context: CellContext) -> str:
    """Describe the service usually found on the port."""
    found = context.port_names.find(entry.row.key.protocol, entry.row.key.local.port)
    return "" if found is None else found.about


def remote_address(entry: SocketEntry, context: CellContext) -> str:
    """Describe the service usually found on the remote port."""
    remote = entry.row.key.remote
    found = remote and context.port_names.find(entry.row.key.protocol, remote.port)
    return found.about if found else ""


def state(entry: SocketEntry, _unused: CellContext) -> str:
    """Return what a state means."""
    return "" if entry.row.state is None else _(_STATES[entry.row.state])


def firewall(entry: SocketEntry, context: CellContext) -> str:
    """Return why, and what to do about it."""
    row = entry.row
    if not awaits_clients(row):
        return _("Applies only to sockets that wait for clients; this one does not.")
    if is_loopback(row.key.local.address):
        return _("Reachable from this machine only, whatever the firewall does.")
    answer = context.firewall.get(row.key)
    if answer is None:
        return context.firewall_hint or _("Not checked yet: PortView checks visible rows.")
    return "\n".join(filter(None, (answer.reason, answer.next_step)))


def user(entry: SocketEntry, _unused: CellContext) -> str:
    """Return why the user is not known."""
    return _reason(entry, "user", "user", is_known=bool(entry.row.user))


def since(entry: SocketEntry, context: CellContext) -> str:
    """Return when the socket was opened, or first seen, and how long ago that is."""
    row = entry.row
    opened_ms = opened_at(entry)
    if opened_ms is None:
        if not entry.first_seen_ms:
            return ""
        return _("PortView first saw it at {moment}; it may be older.").format(
            moment=local_moment(entry.first_seen_ms)
        )
    ago = format_duration(context.now_ms - opened_ms)
    if row.opened_at_ms is not None:
        return _("Opened at {moment}, {duration} ago.").format(
            moment=local_moment(opened_ms), duration=ago
        )
    return _(
        "Its process started at {moment}, {duration} ago. When the socket itself was opened, the "
        "system doesn't say."
    ).format(moment=local_moment(opened_ms), duration=ago)


def executable(entry: SocketEntry, _unused: CellContext) -> str:
    """Return that the file was deleted, or why it is not known."""
    if entry.info is not None and entry.info.executable_deleted:
        return _("This file was deleted or replaced while the program was running.")
    return _reason(entry, "executable", "executable")


def command_line(entry: SocketEntry, _unused: CellContext) -> str:
    """Return why the command line is not known."""
    return _reason(entry, "command_line", _("command line"))


def _reason(entry: SocketEntry, attribute: str, words: str, *, is_known: bool = False) -> str:
    info = entry.info
    if entry.row.key.owner is None or is_known or (info and getattr(info, attribute) is not None):
        return ""
    return _("The {words} could not be read: {field_problem}.").format(
        words=words, field_problem=describe_field_problem(info, attribute)
    )
