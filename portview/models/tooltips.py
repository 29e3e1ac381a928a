"""Tooltips that Qt can't take for rich text."""

from __future__ import annotations

from portview.domain.plain_text import inert

LONGEST_TOOLTIP = 1500

# As html.escape does, whose module loads two thousand entities that are not wanted here.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def plain_tooltip(text: str) -> str:
    """Return machine text as a tooltip that shows it literally, with its own line ends.

    Qt guesses whether a tooltip is HTML; only escaped text inside real HTML is never interpreted.
    """
    if not text:
        return ""
    lines = "<br>".join(
        inert(line, LONGEST_TOOLTIP).translate(_ESCAPED) for line in text.split("\n")
    )
    return f"<p style='white-space:pre-wrap'>{lines}</p>"
