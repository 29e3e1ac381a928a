"""The answer of ``why`` at a terminal: the port card, then the causes and what helps."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.diagnosis.finding import Certainty
from portview.diagnosis.port_card_text import PortCardText, PortState, card_text
from portview.diagnosis.report import certainty_words, distinct_fixes, shown_command
from portview.diagnosis.verdicts import YesNo
from portview.domain.severity import Severity
from portview.domain.table.cells import CellContext
from portview.domain.user_input.port_query import PortQuery, answer_port_query
from portview.i18n import _, join_sentences
from portview.readers.choose import open_reader
from portview.readers.recognition.identities import identify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.cli.screen import Screen
    from portview.diagnosis.answer import Answer
    from portview.diagnosis.finding import Evidence, Finding, Fix

_MARKS = {Severity.GOOD: "✓", Severity.BAD: "!", Severity.NOTE: "•"}
_CERTAINTIES = {Certainty.PROVED: "bad", Certainty.LIKELY: "note", Certainty.POSSIBLE: "note"}


def print_answer(terminal: Screen, answer: Answer) -> None:
    """Print an answer for a person. Reads the sockets once more, for the card."""
    error = answer.facts.question.error
    if error is not None and error.error:
        terminal.line((_("Understood: {error}").format(error=error.error), "quiet"))
    if answer.facts.port:
        _print_card(terminal, _card(answer))
        terminal.line()
    terminal.line(answer.sentence)
    shown: set[Evidence] = set()
    for one in answer.causes:
        _print_cause(terminal, one, answer.sentence, shown)
    fixes = distinct_fixes(answer.causes)
    if fixes:
        terminal.line()
        terminal.line((_("What helps"), "heading"))
        for fix in fixes:
            _print_fix(terminal, fix)
    _print_findings(terminal, _("Can't be determined"), answer.cannot_tell)
    _print_findings(terminal, _("Ruled out"), answer.ruled_out)
    for note in answer.notes:
        terminal.line()
        terminal.line((note, "quiet"))


def _card(answer: Answer) -> PortCardText:
    asked = answer.facts.question
    question = PortQuery(asked.port, asked.protocol, asked.address)
    with closing(open_reader()) as reader:
        snapshot = reader.read_settled()
    found = answer_port_query(question, snapshot.rows)
    owners = [row.owner for row in found.found if row.owner in snapshot.processes]
    snapshot = replace(
        snapshot, processes=identify(snapshot.processes, [owner for owner in owners if owner])
    )
    context = CellContext(time.time_ns() // 1_000_000)
    if found.found:
        return card_text(found, snapshot, context, None)
    port = f"{asked.protocol.upper()} {asked.port}"
    if answer.can_bind is YesNo.YES:
        return PortCardText(PortState.FREE, _("{port} is free").format(port=port))
    return PortCardText(PortState.NOT_FREE, _("{port} can't be used").format(port=port))


def _print_card(terminal: Screen, card: PortCardText) -> None:
    is_free = card.state is PortState.FREE
    terminal.line((card.title, "free" if is_free else "title"))
    if card.name:
        rest = f" · {card.owner}" if card.owner else ""
        terminal.line((card.name, "name"), rest)
    for fact in card.facts:
        style = "" if fact.severity is Severity.NOTE else fact.severity.value
        terminal.line((f"{_MARKS[fact.severity]} ", style), fact.text, indent=2, hang=4)


def _print_cause(terminal: Screen, cause: Finding, said: str, shown: set[Evidence]) -> None:
    """Print a cause with its evidence; what was said or shown before is not repeated."""
    terminal.line()
    certainty = certainty_words(cause.certainty).capitalize()
    style = _CERTAINTIES.get(cause.certainty, "")
    sentence = "" if cause.sentence in said else cause.sentence
    terminal.line((certainty, style), f"  {sentence}" if sentence else "", hang=2)
    for item in cause.evidence:
        if item in shown:
            continue
        shown.add(item)
        source = (f"  {item.source}", "quiet")
        terminal.line((f"{item.fact}: ", "quiet"), item.value, source, indent=4, hang=6)


def _print_fix(terminal: Screen, fix: Fix) -> None:
    sentence = fix.sentence
    if fix.needs_admin:
        sentence = _("{sentence} (as administrator)").format(sentence=sentence)
    terminal.line(f"• {sentence}", indent=2, hang=4)
    if fix.command is not None:
        terminal.whole(shown_command(fix.command), "command", indent=4)
    if fix.harm_words:
        terminal.line((_("Harm: {harm}").format(harm=fix.harm_words), "quiet"), indent=4)
    if fix.undo:
        terminal.line((_("Undo: {undo}").format(undo=fix.undo), "quiet"), indent=4)


def _print_findings(terminal: Screen, title: str, findings: Iterable[Finding]) -> None:
    sentences = [join_sentences(one.sentence, one.would_need) for one in findings]
    if not sentences:
        return
    terminal.line()
    terminal.line((title, "heading"))
    for sentence in sentences:
        terminal.line((f"• {sentence}", "quiet"), indent=2, hang=4)
