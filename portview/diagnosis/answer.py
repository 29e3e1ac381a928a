"""One answer out of all findings: a sentence, the causes in order, what it is not, what is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portview.command_name import command_line
from portview.diagnosis.causes.catalogue import ALL_CAUSES, CAUSES_OF_THE_MACHINE
from portview.diagnosis.error_meanings import meaning_of
from portview.diagnosis.finding import Certainty, Harm, Side
from portview.diagnosis.verdicts import YesNo, can_be_reached, can_bind
from portview.diagnosis.wording import describe_owner, start_sentence
from portview.domain.errors import Outcome
from portview.domain.facts import Remedy
from portview.i18n import _, join_list, join_sentences

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.diagnosis.finding import Finding

_PARTIAL = frozenset(
    {
        "wrong_family",
        "specific_address",
        "two_servers",
        "wrong_protocol",
        "browser_blocked_port",
        "proxy_environment",
        "other_namespace",
    }
)
"""Causes that concern some clients only: they are named after those that concern all."""
_REPORTED_BY = {
    "TLS_MISMATCH": ("wrong_protocol",),
    "BLOCKED_PORT": ("browser_blocked_port",),
    "PROXY": ("proxy_environment",),
    "ECONNRESET": ("accepts_then_resets", "wrong_protocol"),
    "EMPTY_RESPONSE": ("accepts_then_resets", "wrong_protocol"),
    "EMFILE": ("descriptor_limit",),
    "ENOBUFS": ("port_exhaustion",),
    "EADDRNOTAVAIL": ("port_exhaustion", "address_not_here", "ipv6_off"),
}
"""The cause that an error names all but itself."""
_CERTAINTIES = (Certainty.PROVED, Certainty.LIKELY, Certainty.POSSIBLE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a diagnosis says. ``causes`` are in order: what is certain first, then what harms least.

    ``notes`` are sentences that are good to know and no cause.
    """

    facts: Facts
    sentence: str
    can_bind: YesNo
    can_be_reached: YesNo | None
    causes: tuple[Finding, ...]
    ruled_out: tuple[Finding, ...]
    cannot_tell: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Return DONE for nothing in the way, NEEDS_ADMIN where only an administrator knows."""
        if not self.facts.port:
            return Outcome.NOT_DONE  # An error was explained, and no port looked at.
        if self.can_bind is YesNo.YES:
            # Whom the server at another address serves is in nobody's way, unless a client asks.
            error = self.facts.question.error
            asks_client = error is not None and error.is_about_connecting
            is_in_the_way = any(
                one.certainty is not Certainty.POSSIBLE and (one.side is Side.BIND or asks_client)
                for one in self.causes
            )
            return Outcome.NOT_DONE if is_in_the_way else Outcome.DONE
        if self.causes:
            return Outcome.NOT_DONE
        return Outcome.NEEDS_ADMIN if _is_hidden(self.facts) else Outcome.NOT_DONE


def diagnose(facts: Facts) -> Answer:
    """Ask every cause, and put the answers together. Pure."""
    wanted = ALL_CAUSES if facts.port else CAUSES_OF_THE_MACHINE
    findings = [
        replace(one, sentence=start_sentence(one.sentence))
        for cause in wanted
        if (one := cause(facts)) is not None
    ]
    causes = sorted(
        (one for one in findings if one.certainty.is_a_cause),
        key=lambda one: _rank(facts, one),
    )
    bind = can_bind(facts)
    reached = can_be_reached(facts, findings)
    return Answer(
        facts,
        _sentence(facts, bind, reached, causes),
        bind,
        reached,
        tuple(causes),
        tuple(one for one in findings if one.certainty is Certainty.RULED_OUT),
        tuple(one for one in findings if one.certainty is Certainty.CANNOT_TELL),
        tuple(_notes(facts)),
    )


def _rank(facts: Facts, one: Finding) -> tuple[int, bool, bool, bool, Harm]:
    """Return what sorts a cause: certainty, what a pasted error is about, its reach, its harm."""
    error = facts.question.error
    wanted = Side.REACH if error is not None and error.is_about_connecting else Side.BIND
    reported = _REPORTED_BY.get(error.error or "", ()) if error is not None else ()
    return (
        _CERTAINTIES.index(one.certainty),
        one.code not in reported,
        one.side is not wanted,
        one.code in _PARTIAL,
        min((fix.harm for fix in one.fixes), default=Harm.SEVERE),
    )


def _sentence(facts: Facts, bind: YesNo, reached: YesNo | None, causes: list[Finding]) -> str:
    name = facts.question.name
    at = f" ({facts.question.address})" if facts.question.address else ""
    serious = [one for one in causes if one.certainty is not Certainty.POSSIBLE]
    error = facts.question.error
    if not facts.port:
        meaning = meaning_of((error.error if error is not None else None) or "")
        more = serious[0].sentence if serious else _("Which it is depends on the port.")
        return join_sentences(meaning, more)
    if error is not None and error.is_about_connecting:
        reported = _REPORTED_BY.get(error.error or "", ())
        about = next(
            (one for one in serious if one.side is Side.REACH or one.code in reported), None
        )
        if about is not None:
            return about.sentence
    if bind is YesNo.YES and not facts.listeners:
        first = next((one for one in serious if one.side is Side.BIND), None)
        if first is not None:
            return first.sentence
        free = _("{port}{at} is free: a server can take it.").format(port=name, at=at)
        rest = next((one.sentence for one in causes), "")
        return join_sentences(free, rest)
    first = next((one for one in serious if one.side is Side.BIND), None)
    parts = [first.sentence] if first is not None else [_unexplained(facts, bind)]
    reach = _main_reach(serious)
    if reach is not None:
        parts.append((first is not None and reach.follow_up) or reach.sentence)
    elif reached is YesNo.YES:
        parts.append(_("As far as this machine can determine, other machines can reach it."))
    return join_sentences(*parts)


def _main_reach(serious: list[Finding]) -> Finding | None:
    """Return the cause on the side of reach that concerns the most clients."""
    reach = [one for one in serious if one.side is Side.REACH]
    return next((one for one in reach if one.code not in _PARTIAL), reach[0] if reach else None)


def _unexplained(facts: Facts, bind: YesNo) -> str:
    name = facts.question.name
    if bind is YesNo.YES and facts.listeners:
        return _("{owner} has {port}, and another server could start beside it.").format(
            owner=describe_owner(facts.listeners), port=name
        )
    if bind is YesNo.UNKNOWN:
        return _("Whether {port} can be used could not be determined.").format(port=name)
    if bind is YesNo.PARTLY:
        places = join_list(one.address for one in facts.refused)
        return _("{port} can't be used at {places}; the reason could not be determined.").format(
            port=name, places=places
        )
    return _("{port} can't be used; the reason could not be determined.").format(port=name)


def _notes(facts: Facts) -> list[str]:
    notes: list[str] = []
    if not facts.port:
        command = command_line("why", "PORT")
        return [_("Ask with the port as well: {command}").format(command=command)]
    ranges = facts.ranges.value
    if ranges is not None and ranges.is_dynamic(facts.port) and ranges.dynamic is not None:
        exclusion = ranges.exclusion_of(facts.port)
        if exclusion is None or not exclusion.is_administered:
            notes.append(
                _(
                    "The port is in the dynamic range {range}: the "
                    "system may give it to an outgoing "
                    "connection of any program."
                ).format(range=ranges.dynamic)
            )
    if facts.pending:
        notes.append(_("Still being read: {sources}.").format(sources=join_list(facts.pending)))
    user = facts.me.user
    if facts.binds.value and user:
        notes.append(_("Tried as the account {user}.").format(user=user))
    return notes


def _is_hidden(facts: Facts) -> bool:
    """Return whether an administrator would be reported what this user is not."""
    if facts.me.is_elevated:
        return False
    readings = (facts.sockets, facts.firewall, facts.destinations, facts.http_sys, facts.foreign)
    return any(
        one.problem is not None and one.problem.remedy is Remedy.ADMINISTRATOR for one in readings
    ) or any(one.problem is not None for one in facts.known_sockets)
