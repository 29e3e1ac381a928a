"""Nobody listens, and still the port is not free: bound sockets and what is left of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.finding import (
    Certainty,
    Evidence,
    Finding,
    Fix,
    Side,
    cannot_tell,
    ruled_out,
)
from portview.diagnosis.fixes import (
    close_connection,
    end_process,
    free_the_port,
    reserve_port,
    use_another_port,
)
from portview.diagnosis.wording import bind_evidence, describe_owner, place_words, socket_evidence
from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _, join_list, ngettext
from portview.readers.linux.port_sockets import Opener

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts, PortSocket

_TIME_WAIT_S = 60
_IN_USE = frozenset({48, 98, 10048})


def bound_not_listening(facts: Facts) -> Finding | None:
    """Detect that a program has bound the port and does not listen, or not yet."""
    bound = tuple(one for one in _idle(facts) if one.is_bound_only)
    if bound:
        certainty = Certainty.PROVED if facts.refused else Certainty.POSSIBLE
        sentence = _("{owner} has bound {port} at {places} and does not listen.")
        if not facts.refused:
            sentence = _(
                "{owner} has bound {port} at {places} and does not listen yet; a server that sets "
                "SO_REUSEADDR can start, and the other one then fails."
            )
        return Finding(
            "bound_not_listening",
            Side.BIND,
            certainty,
            sentence.format(
                owner=describe_owner(bound),
                port=facts.question.name,
                places=place_words(bound, facts.port),
            ),
            (*socket_evidence(facts, bound), *bind_evidence(facts)),
            (*use_another_port(facts), free_the_port(facts, bound)),
        )
    return _no_bound_socket(facts)


def _no_bound_socket(facts: Facts) -> Finding | None:
    if facts.protocol is Protocol.UDP:
        return None  # a UDP socket that is bound receives
    if facts.lists_bound.value is False and _is_unexplained(facts):
        return cannot_tell(
            "bound_not_listening",
            Side.BIND,
            _("This kernel does not list sockets that are bound without listening."),
            _("Linux 6.8 or later."),
        )
    if facts.lists_bound.value and not facts.listeners:
        return ruled_out(
            "bound_not_listening",
            Side.BIND,
            _("No program has bound {port} without listening.").format(port=facts.question.name),
        )
    return None


def outgoing_connection(facts: Facts) -> Finding | None:
    """Detect that the system gave this number to an outgoing connection of some program."""
    found = tuple(one for one in _connections(facts) if _is_outgoing(one, facts))
    if not found:
        return None
    dynamic = facts.ranges.value.dynamic if facts.ranges.value else None
    evidence = list(socket_evidence(facts, found))
    if dynamic is not None:
        evidence.append(Evidence(_("Dynamic range"), str(dynamic), facts.ranges.source))
    is_proved = facts.refused and any(
        one.opened_by is Opener.THIS_END or one.state in {State.SYN_SENT, None} for one in found
    )
    if facts.refused:
        certainty = Certainty.PROVED if is_proved else Certainty.LIKELY
    else:
        certainty = Certainty.POSSIBLE
    took = _("An outgoing connection of {owner} uses {port} as its own end. Nothing listens.")
    if dynamic is not None and facts.port in dynamic:
        took = _(
            "An outgoing connection of {owner} uses {port} as its own end: the system took "
            "the number from the dynamic range. Nothing listens."
        )
    closings = [fix for one in found[:1] if (fix := close_connection(facts, one)) is not None]
    return Finding(
        "outgoing_connection",
        Side.BIND,
        certainty,
        took.format(owner=describe_owner(found), port=facts.question.name),
        (*evidence, *bind_evidence(facts)),
        (
            *use_another_port(facts),
            Fix(_("Wait until that connection ends, and try again.")),
            reserve_port(facts),
            *closings,
        ),
    )


def leftovers(facts: Facts) -> Finding | None:
    """Detect that connections of a server that has ended are still open or closing."""
    found = tuple(one for one in _connections(facts) if not _is_outgoing(one, facts))
    if not found:
        if facts.sockets.problem is None and not facts.known_sockets:
            return ruled_out(
                "leftovers",
                Side.BIND,
                _("No connection of an earlier server is left on {port}.").format(
                    port=facts.question.name
                ),
            )
        return None
    if not facts.refused and not facts.plainly_refused:
        return None
    certainty = Certainty.PROVED if facts.refused else Certainty.POSSIBLE
    return Finding(
        "leftovers",
        Side.BIND,
        certainty,
        _leftover_words(found, facts),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        _leftover_fixes(found, facts),
    )


def _leftover_words(found: tuple[PortSocket, ...], facts: Facts) -> str:
    count = len(found)
    states = join_list(sorted({one.state.value for one in found if one.state}))
    first = ngettext(
        ("{count} connection of an earlier server is left on {port} ({states}); nothing listens."),
        (
            "{count} connections of an earlier server are left on {port} ({states}); "
            "nothing listens."
        ),
        count,
    ).format(count=count, port=facts.question.name, states=states)
    if facts.refused:
        return first
    rest = _("A server that sets SO_REUSEADDR can start now; any other has to wait.")
    return f"{first} {rest}"


def _leftover_fixes(found: tuple[PortSocket, ...], facts: Facts) -> tuple[Fix, ...]:
    fixes = list(use_another_port(facts))
    if any(one.state is State.TIME_WAIT for one in found):
        fixes.append(
            Fix(
                _("Wait up to {seconds} s: the system closes them by itself.").format(
                    seconds=_TIME_WAIT_S
                )
            )
        )
    if facts.platform != "win32":
        fixes.append(
            Fix(
                _(
                    "Set SO_REUSEADDR in the server before it "
                    "binds; it helps from the next restart "
                    "on, as both the old and the new server need it."
                )
            )
        )
    owners = {info.key: info for one in found for info in one.owners}
    fixes += [end_process(facts, info) for info in list(owners.values())[:2]]
    if not owners:
        fixes += [fix for one in found[:1] if (fix := close_connection(facts, one)) is not None]
    return tuple(fixes)


def unknown_holder(facts: Facts) -> Finding | None:
    """Detect that something has the port and stands in no table."""
    if not _is_unexplained(facts) or facts.sockets.problem is not None:
        return None
    if facts.lists_bound.value is False or facts.wsl_mode.value == "mirrored":
        return None  # which has a cause of its own
    return cannot_tell(
        "unknown_holder",
        Side.BIND,
        _("Something has {port}, but the socket table doesn't show what.").format(
            port=facts.question.name
        ),
        _("Check again: it may have changed just now. An administrator may see more."),
    )


def _idle(facts: Facts) -> tuple[PortSocket, ...]:
    """Return what is in the way of a plain program, where nobody listens."""
    refused = facts.refused or facts.plainly_refused
    in_the_way = [
        one
        for one in facts.known_sockets
        if any(one.is_in_the_way_of(place.address) for place in refused)
    ]
    # The connections of a living server are its own business.
    return () if any(one.listens for one in in_the_way) else tuple(in_the_way)


def _connections(facts: Facts) -> tuple[PortSocket, ...]:
    idle = _idle(facts)
    # A socket that is bound is in everybody's way; connections beside it merely surround it.
    if any(one.is_bound_only for one in idle) and facts.refused:
        return ()
    return tuple(one for one in idle if one.is_connection)


def _is_outgoing(socket: PortSocket, facts: Facts) -> bool:
    """Return whether this end called: the kernel's counters say so, else the numbers do."""
    if socket.state is None:
        return True  # A UDP socket with a peer is a client's; servers of UDP have none.
    if socket.state is State.SYN_SENT or socket.opened_by is Opener.THIS_END:
        return True
    if socket.state is State.SYN_RECEIVED or socket.opened_by is Opener.OTHER_END:
        return False
    ranges = facts.ranges.value
    if ranges is None:
        return False
    return ranges.is_dynamic(facts.port) and not ranges.is_dynamic(socket.remote_port)


def _is_unexplained(facts: Facts) -> bool:
    return any(one.code in _IN_USE for one in facts.refused) and not facts.in_the_way()


CAUSES = (bound_not_listening, outgoing_connection, leftovers, unknown_holder)
