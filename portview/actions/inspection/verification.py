"""Check right before an act that everything is still what the person saw.

A process must still be the same, run the same program, hold one of the sockets that it was meant
for, and not be refused for a reason that was not there before. A socket that somebody else holds
by now would not be released by stopping those who were seen.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.inspection.process_inspection import ProcessInspector, read_rows
from portview.actions.port_usage import holds_port
from portview.actions.safety.process_words import describe_process
from portview.actions.safety.seen_process import socket_id
from portview.actions.safety.stop_refusal import stop_refusal
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.program import Sameness, compare_programs
from portview.i18n import _, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portview.actions.safety.process_facts import ProcessFacts, SelfContext
    from portview.actions.safety.refusals import Refusal
    from portview.actions.safety.seen_process import HeldSocketId, SeenProcess
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.owners.program import RunningProgram
    from portview.domain.sockets.socket_row import SocketRow

_MOST_LOOKS = 3
_LOOK_EVERY_S = 0.1
"""A child between fork and exec holds the sockets of its parent for some milliseconds."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is not as the person saw it, in a sentence, and the process that it is about.

    ``is_released`` says that the process merely holds none of the sockets any more.
    """

    process: ProcessKey
    sentence: str
    is_released: bool = False


def find_changes(
    seen: Sequence[SeenProcess],
    read_program: Callable[[ProcessKey], RunningProgram],
    *,
    refuse: Callable[[ProcessFacts, SelfContext, int | None], Refusal | None] = stop_refusal,
    has_begun: bool = False,
) -> tuple[Change, ...]:
    """Compare processes with what was seen of them; empty where everything is as it was.

    ``read_program`` reads the program on a handle that was opened before. Where the act has begun,
    somebody else who holds a socket is no reason to leave it half done. Blocks for one reading at
    the machine; any thread.
    """
    return _Verification(seen, read_program, refuse).run(has_begun=has_begun)


def changed_since(changes: Iterable[Change]) -> PortViewError:
    """Return the error for an act that was not begun, which says what changed."""
    return PortViewError(
        "changed",
        _("Nothing was done. {changes}").format(
            changes=join_sentences(*dict.fromkeys(change.sentence for change in changes))
        ),
        _("Check again before you continue."),
        Outcome.NOT_DONE,
    )


class _Verification:
    def __init__(
        self,
        seen: Sequence[SeenProcess],
        read_program: Callable[[ProcessKey], RunningProgram],
        refuse: Callable[[ProcessFacts, SelfContext, int | None], Refusal | None],
    ) -> None:
        self._seen = seen
        self._read_program = read_program
        self._refuse = refuse
        self._known = {one.key for one in seen}
        self._sockets = {socket for one in seen for socket in one.sockets}
        self._inspector = ProcessInspector()
        self._standpoint = self._inspector.standpoint()

    def run(self, *, has_begun: bool) -> tuple[Change, ...]:
        rows = self._rows()
        found = tuple(change for one in self._seen if (change := self._change(one, rows)))
        return found if found or has_begun else self._others(rows)

    def _rows(self) -> tuple[SocketRow, ...]:
        """Return who holds the sockets, and what else listens or is bound where they are."""
        places = {(socket.protocol, socket.local) for socket in self._sockets}
        if not places:
            return ()
        return tuple(
            row for row in read_rows() if (row.protocol, row.local) in places and holds_port(row)
        )

    def _change(self, one: SeenProcess, rows: Sequence[SocketRow]) -> Change | None:
        match compare_programs(one.program, self._read_program(one.key)):
            case Sameness.OTHER:
                words = _("PID {pid} has started another program since: it is now {name}.")
                return Change(
                    one.key,
                    words.format(pid=one.key.pid, name=describe_process(self._info(one.key))),
                )
            case Sameness.UNREADABLE:
                words = _("Which program PID {pid} runs now can't be read.")
                return Change(one.key, words.format(pid=one.key.pid))
            case _:
                pass
        facts = self._inspector.facts_of(one.key)
        port = one.sockets[0].local.port if one.sockets else None
        refusal = self._refuse(facts, self._standpoint, port)
        if refusal is not None:
            name = describe_process(facts.info)
            words = _("{name} must not be stopped now: {reason}")
            return Change(one.key, words.format(name=name, reason=refusal.reason))
        if one.sockets and not any(
            socket_id(row) in self._sockets and _may_hold(one.key, row) for row in rows
        ):
            words = _("{name} no longer holds {sockets}.")
            return Change(
                one.key,
                words.format(name=describe_process(facts.info), sockets=_listed(one.sockets)),
                is_released=True,
            )
        return None

    def _others(self, rows: Sequence[SocketRow]) -> tuple[Change, ...]:
        """Return who was not seen and holds one of the sockets by now, or one at the same place.

        The second shares the port (SO_REUSEPORT), and may be visible to an administrator only.
        """
        for attempt in range(_MOST_LOOKS):
            if attempt:
                time.sleep(_LOOK_EVERY_S)
                rows = self._rows()
            unseen = [row for row in rows if row.owner and row.owner not in self._known]
            if not unseen:
                return ()
        found: dict[ProcessKey, Change] = {}
        for row in unseen:
            place = (row.protocol, row.local)
            holder = next(
                one.key
                for one in self._seen
                if any((socket.protocol, socket.local) == place for socket in one.sockets)
            )
            if row.owner is not None:
                words = _("{name} holds {socket} now as well.")
                name = describe_process(self._info(row.owner), row.pid)
                sentence = words.format(name=name, socket=socket_id(row))
                found.setdefault(holder, Change(holder, sentence))
        return tuple(found.values())

    def _info(self, key: ProcessKey) -> ProcessInfo:
        return self._inspector.facts_of(key).info


def _may_hold(key: ProcessKey, row: SocketRow) -> bool:
    return row.owner == key or (row.owner is None and key in row.likely_holders)


def _listed(sockets: Iterable[HeldSocketId]) -> str:
    return join_list(str(socket) for socket in sockets)
