"""The connection arrives, and the program does not serve it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Harm, Side, ruled_out
from portview.diagnosis.fixes import free_the_port, resume_process
from portview.diagnosis.wording import (
    describe_owner,
    describe_process,
    listed,
    place_words,
    socket_evidence,
)
from portview.domain.address_matching import takes_clients_of
from portview.domain.facts import Known
from portview.domain.owners.process import Execution
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _, ngettext
from portview.probes.bind_report import MULTICAST_PORTS
from portview.probes.server_reply import ReplyKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.diagnosis.facts import Facts, OwnerFacts, PortSocket
    from portview.domain.owners.process import ProcessInfo

_USUAL_HTTPS = frozenset({443, 8443, 9443, 4443})
_HTTP = 80
_USUAL_HTTP = frozenset({80, 8080, 8000, 8008, 3000, 5000})


def suspended(facts: Facts) -> Finding | None:
    """Detect that every process that has the port is suspended."""
    found = [one for one in facts.listeners if is_suspended(one, facts)]
    if not found:
        return None
    frozen = [info for info, is_frozen in _still(facts) if is_frozen]
    names = describe_owner(found)
    fixes: tuple[Fix, ...]
    if frozen:
        sentence = _(
            "{owner} is suspended in a frozen control group (docker pause does that): it "
            "keeps {port} and serves no client."
        )
        thaw = next((one.thaw for one in _owners_of(found, facts) if one.thaw), "")
        fixes = (
            Fix(
                _("Thaw the container or the control group."),
                tuple(shlex.split(thaw)) if thaw else None,
                needs_admin=True,
                harm=Harm.LITTLE,
                harm_words=_("It may have been frozen for a reason."),
                undo=_("Freeze it again."),
            ),
        )
    else:
        sentence = _(
            "{owner} is suspended: it keeps {port} and serves no client until it is resumed."
        )
        fixes = tuple(resume_process(facts, info) for info, _frozen in _still(facts))[:2]
    return Finding(
        "suspended",
        Side.REACH,
        Certainty.PROVED,
        sentence.format(owner=names, port=facts.question.name),
        (
            *(
                Evidence(
                    describe_process(info),
                    _("frozen") if is_frozen else _("suspended"),
                    facts.owners.source,
                )
                for info, is_frozen in _still(facts)
            ),
            *socket_evidence(facts, found),
        ),
        fixes,
    )


def _owners_of(found: list[PortSocket], facts: Facts) -> Iterator[OwnerFacts]:
    for one in found:
        yield from facts.owner_facts(one)


def _still(facts: Facts) -> list[tuple[ProcessInfo, bool]]:
    known = facts.owners.value or {}
    found = []
    for one in facts.listeners:
        for info in one.owners:
            owner = known.get(info.key)
            if owner is None:
                continue
            is_still = owner.execution is not None and owner.execution.is_suspended
            if is_still or owner.is_frozen:
                found.append((info, owner.is_frozen))
    return list(dict.fromkeys(found))


def is_suspended(socket: PortSocket, facts: Facts) -> bool:
    """Return whether all processes that hold a socket certainly do nothing."""
    owners = facts.owner_facts(socket)
    return bool(owners) and all(
        one.is_frozen or one.execution in {Execution.SUSPENDED, Execution.TRACED} for one in owners
    )


def backlog_full(facts: Facts) -> Finding | None:
    """Detect that the queue of a listener is full, so that new clients are dropped."""
    if facts.protocol is not Protocol.TCP:
        return None
    found = [one for one in facts.listeners if is_full(one) and not is_explained(one, facts)]
    if not found:
        if any(one.receive_queue == 0 for one in facts.listeners):
            return ruled_out("backlog_full", Side.REACH, _("No connection waits to be accepted."))
        return None
    first = found[0]
    return Finding(
        "backlog_full",
        Side.REACH,
        Certainty.PROVED,
        _(
            "The queue of {owner} is full: {count} "
            "connections wait to be accepted, {most} may. New "
            "clients get no answer."
        ).format(owner=describe_owner(found), count=first.receive_queue, most=first.send_queue),
        (
            Evidence(
                _("Waiting connections / backlog"),
                f"{first.receive_queue}/{first.send_queue}",
                facts.sockets.source,
            ),
            *socket_evidence(facts, found),
        ),
        _restart(facts, found, _("Give the server a longer backlog or more workers.")),
    )


def is_full(socket: PortSocket) -> bool:
    """Return whether the kernel drops new connections: it holds more than the backlog."""
    waiting, most = socket.receive_queue, socket.send_queue
    return waiting is not None and most is not None and waiting > most


def is_explained(socket: PortSocket, facts: Facts) -> bool:
    """Return whether something else than the program's own doing keeps it from accepting."""
    if is_suspended(socket, facts):
        return True
    for owner in facts.owner_facts(socket):
        if isinstance(owner.descriptors, Known):
            used, limit = owner.descriptors.value
            if used >= limit:
                return True
    return False


def hung(facts: Facts) -> Finding | None:
    """Detect that connections are made by the kernel, and the program does not take them."""
    found = [
        one
        for one in facts.listeners
        if not is_full(one) and not is_explained(one, facts) and _waits_in_vain(one, facts)
    ]
    if not found or facts.protocol is not Protocol.TCP:
        return None
    waiting = max((one.receive_queue or 0) for one in found)
    if waiting:
        sentence = ngettext(
            "{owner} does not accept connections: {count} is waiting, and none was taken while "
            "PortView watched.",
            "{owner} does not accept connections: {count} are waiting, and none was taken while "
            "PortView watched.",
            waiting,
        )
    else:
        sentence = _(
            "{owner} does not accept connections: a test connection was made by the kernel and not "
            "taken by the program."
        )
    return Finding(
        "hung",
        Side.REACH,
        Certainty.LIKELY,
        sentence.format(owner=describe_owner(found), count=waiting),
        (
            Evidence(_("Connections that wait to be accepted"), str(waiting), facts.sockets.source),
            *socket_evidence(facts, found),
        ),
        _restart(facts, found, _("See what it is busy with: its log, or a debugger.")),
    )


def _waits_in_vain(socket: PortSocket, facts: Facts) -> bool:
    if socket.receive_queue:
        return True  # the collector looked twice before it kept this
    return any(
        one.kind is ReplyKind.SILENT
        and one.was_accepted is False
        and takes_clients_of(socket.address, one.address, is_v6_only=socket.is_v6_only)
        for one in facts.replies.value or ()
    )


def accepts_then_resets(facts: Facts) -> Finding | None:
    """Detect that the program takes a connection and ends it before a word is said."""
    replies = [one for one in facts.replies.value or () if one.kind is ReplyKind.RESET]
    if not replies or facts.protocol is not Protocol.TCP:
        return None
    addresses = listed(one.address for one in replies)
    return Finding(
        "accepts_then_resets",
        Side.REACH,
        Certainty.PROVED,
        _(
            "{owner} accepts connections and closes them at once, before any data (tried "
            "at {addresses}): it is a relay without a server behind it, or it allows other "
            "clients only."
        ).format(owner=describe_owner(facts.listeners), addresses=addresses),
        (
            *(
                Evidence(
                    _("Test connection to {address}").format(address=one.address),
                    _("ended at once"),
                    facts.replies.source,
                )
                for one in replies
            ),
            *socket_evidence(facts, facts.listeners),
        ),
        _restart(
            facts,
            list(facts.listeners),
            _(
                "Check the server behind it: in a container it "
                "has to listen on 0.0.0.0, not 127.0.0.1."
            ),
        ),
    )


def wrong_protocol(facts: Facts) -> Finding | None:
    """Detect that the server speaks another protocol than its clients use."""
    speaks = {one.speaks for one in facts.replies.value or () if one.speaks}
    error = facts.question.error
    is_reported = error is not None and error.error == "TLS_MISMATCH"
    is_cut_off = error is not None and error.error in {"EMPTY_RESPONSE", "ECONNRESET"}
    port = facts.port
    if len(speaks) != 1:
        return None
    (spoken,) = speaks
    if is_reported and spoken != "tls":
        certainty = Certainty.PROVED
        sentence = _("{owner} speaks {protocol} without TLS on {port}, and the client used TLS.")
        advice = _("Call it with http:// instead of https://.")
    elif is_reported:
        certainty = Certainty.PROVED
        sentence = _(
            "{owner} speaks TLS on {port}, and the client did not use it, or another version."
        )
        advice = _("Call it with https:// instead of http://.")
    elif spoken == "http" and port in _USUAL_HTTPS:
        certainty = Certainty.LIKELY
        sentence = _("{owner} speaks plain HTTP on {port}, where clients expect HTTPS.")
        advice = _("Switch TLS on in the server, or call it with http://.")
    elif spoken == "tls" and (is_cut_off or port in _USUAL_HTTP):
        certainty = Certainty.LIKELY if is_cut_off or port == _HTTP else Certainty.POSSIBLE
        sentence = _("{owner} speaks TLS on {port}, where clients expect plain HTTP.")
        advice = _("Call it with https://.")
    else:
        return None
    return Finding(
        "wrong_protocol",
        Side.REACH,
        certainty,
        sentence.format(
            owner=describe_owner(facts.listeners), protocol=spoken.upper(), port=facts.question.name
        ),
        tuple(_spoken_evidence(facts)),
        (Fix(advice),),
    )


def _spoken_evidence(facts: Facts) -> Iterator[Evidence]:
    for one in facts.replies.value or ():
        if one.speaks:
            shown = inert(one.first_bytes[:40].decode("latin-1"), 60)
            yield Evidence(
                _("First bytes at {address}").format(address=one.address),
                shown,
                facts.replies.source,
            )


def two_servers(facts: Facts) -> Finding | None:
    """Detect that different programs listen, and the way decides which a client meets."""
    if facts.protocol is Protocol.UDP:
        return _two_receivers(facts)
    groups: dict[frozenset[object], list[PortSocket]] = {}
    for one in facts.listeners:
        if one.owners:
            groups.setdefault(frozenset(info.key for info in one.owners), []).append(one)
    distinct = [
        sockets
        for key, sockets in groups.items()
        # A server and its workers are one, even where each worker has a socket of its own.
        if not any(key < other for other in groups)
    ]
    if len(distinct) < 2 or _are_one_program(distinct):  # noqa: PLR2004 - two servers
        return None
    reported = listed(
        _("{owner} at {places}").format(
            owner=describe_owner(some), places=place_words(some, facts.port)
        )
        for some in distinct
    )
    return Finding(
        "two_servers",
        Side.REACH,
        Certainty.PROVED,
        _(
            "Two servers share {port}: {servers}. Which one answers depends on the address called."
        ).format(port=facts.question.name, servers=reported),
        socket_evidence(facts, facts.listeners),
        (Fix(_("Give one of them another port.")), free_the_port(facts, distinct[0])),
    )


def _are_one_program(groups: list[list[PortSocket]]) -> bool:
    """Return whether all listen at the very same addresses and run the same file: workers."""
    places = {frozenset(one.address for one in some) for some in groups}
    programs = {info.executable for some in groups for one in some for info in one.owners}
    lines = {info.command_line for some in groups for one in some for info in one.owners}
    return len(places) == 1 and len(programs) == 1 and len(lines) == 1


def _two_receivers(facts: Facts) -> Finding | None:
    by_address: dict[str, list[PortSocket]] = {}
    for one in facts.listeners:
        by_address.setdefault(one.address, []).append(one)
    shared = [some for some in by_address.values() if len(some) > 1]
    # At a multicast port each of them gets what is sent to the group.
    is_for_groups = facts.port in MULTICAST_PORTS
    if not shared or is_for_groups or _are_one_program([[one] for one in shared[0]]):
        return None
    return Finding(
        "two_servers",
        Side.REACH,
        Certainty.LIKELY,
        _(
            "{port} at {places} is shared by {owner}: a datagram for one address goes to one of "
            "them only, usually the one that was started last."
        ).format(
            owner=describe_owner(shared[0]),
            port=facts.question.name,
            places=place_words(shared[0], facts.port),
        ),
        socket_evidence(facts, shared[0]),
        (Fix(_("Give one of them another port.")),),
    )


def _restart(facts: Facts, found: list[PortSocket], advice: str) -> tuple[Fix, ...]:
    return (Fix(advice), free_the_port(facts, found))


CAUSES = (
    suspended,
    backlog_full,
    hung,
    accepts_then_resets,
    wrong_protocol,
    two_servers,
)
