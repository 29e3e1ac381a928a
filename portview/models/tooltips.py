"""Tooltips that Qt can't take for rich text."""

from __future__ import annotations

from html import escape

from portview.domain.plain_text import inert

LONGEST_TOOLTIP = 1500


def plain_tooltip(text: str) -> str:
    """Return machine text as a tooltip that shows it literally, with its own line ends.

    Qt guesses whether a tooltip is HTML; only escaped text inside real HTML is never interpreted.
    """
    if not text:
        return ""
    lines = "<br>".join(escape(inert(line, LONGEST_TOOLTIP)) for line in text.split("\n"))
    return f"<p style='white-space:pre-wrap'>{lines}</p>"
