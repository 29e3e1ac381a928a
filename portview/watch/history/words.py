"""What is said about spans and events of the history, for people. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.watch.history.questions import Span
    from portview.watch.history.writing import PortEvent

LONGEST_NAME = 60
_LONGEST_DETAIL = 200


def event_words(kind: str) -> str:
    """Return what happened, for people; a kind of another version stays as it is."""
    return {
        "firing": _("firing"),
        "resolved": _("resolved"),
        "reminder": _("still firing"),
        "cannot_tell": _("unknown"),
        "flapping": _("flapping"),
        "repair": _("repair"),
        "acknowledged": _("acknowledged"),
        "silenced": _("silenced"),
        "unsilenced": _("silence ended"),
        "accepted": _("accepted"),
        "freed": _("port freed"),
        "ended": _("program ended"),
        "allowed": _("allowed in the firewall"),
        "blocked": _("blocked in the firewall"),
        "clock_set": _("clock set"),
    }.get(kind, kind)


def span_name(span: Span) -> str:
    """Return what held a port, in one line that is safe to show."""
    return inert(span.what or span.process or _("unknown program"), LONGEST_NAME)


def event_text(event: PortEvent) -> str:
    """Return when and what happened, in two lines that are safe to show."""
    parts = (event_words(event.kind), event.watch or "", inert(event.detail or "", _LONGEST_DETAIL))
    return f"{local_moment(event.at_ms)}\n" + "  ".join(part for part in parts if part)
