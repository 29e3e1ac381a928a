"""A confirmation as a person at a terminal reads it: the same that the window's dialog shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.confirmation.cards import CardKind
from portview.cli.console import print_line
from portview.cli.screen import print_text
from portview.domain.errors import Outcome
from portview.i18n import join_list, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.actions.confirmation.cards import Card
    from portview.actions.confirmation.confirmation import Confirmation
    from portview.domain.errors import ActionReport

_MOST_NAMED = 5
_STYLES = {CardKind.REFUSED: "bad", CardKind.STAYS: "quiet"}


def show_confirmation(confirmation: Confirmation) -> None:
    """Print what is to be done, to whom, and what is left alone."""
    for line, style in confirmation_lines(confirmation):
        print_text(line, style)
    for line in confirmation.will_run:
        print_line(line)  # Whole, so that it can be copied.


def confirmation_lines(confirmation: Confirmation) -> Iterator[tuple[str, str]]:
    """Yield each line but the commands, with the name of its style, which may be empty."""
    yield confirmation.headline, "title"
    for card in confirmation.cards:
        yield from _card_lines(card)
    for remark in confirmation.remarks:
        yield remark, ""


def _card_lines(card: Card) -> Iterator[tuple[str, str]]:
    yield f"  {card.title}", ""
    for detail in card.details:
        yield f"    {detail}", "quiet"
    if card.members:
        yield f"    {_members_line(card.members)}", "quiet"
    if card.consequence:
        yield f"  -> {card.consequence}", _STYLES.get(card.kind, "")
    if card.advice:
        yield f"     {card.advice}", ""


def _members_line(members: Sequence[str]) -> str:
    return ngettext(
        "{count} more process of the same program: {names}",
        "{count} more processes of the same program: {names}",
        len(members),
    ).format(count=len(members), names=join_list((*members[:_MOST_NAMED], *_more(members))))


def _more(members: Sequence[str]) -> Iterator[str]:
    if len(members) > _MOST_NAMED:
        yield "…"


def show_report(report: ActionReport, *notes: str) -> None:
    """Print what was done, what is true now, and the next step."""
    style = "good" if report.outcome is Outcome.DONE else "bad"
    for line in (report.done, report.now, report.next_step, *notes):
        if line:
            print_text(line, style if line == report.now else "")
