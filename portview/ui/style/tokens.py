"""The design tokens: every distance, size, radius and colour of its own that the window uses.

Distances are device-independent pixels, Qt scales them with the screen. Type sizes are factors of
the system's own font, so that a person's larger text makes everything larger. Colours come from the
system's palette wherever it has one; what stands here is only what no palette knows.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtGui import QColor

SPACE_XS, SPACE_S, SPACE_M, SPACE_L, SPACE_XL = 4, 8, 12, 16, 20
"""Between what belongs together, between controls, inside a control, around a surface, a dialog."""

RADIUS_CONTROL, RADIUS_SURFACE = 4, 8
"""Of small things such as key caps, and of surfaces such as a card."""

TYPE_TITLE, TYPE_SUBTITLE, TYPE_CAPTION = 1.35, 1.15, 0.88
"""The title of a surface, the heading of a part, and what stands beside: as factors of the text."""

ICON_SMALL, ICON_MEDIUM, ICON_LARGE = 16, 20, 32
"""Beside a line of text, in a heading, beside a result."""

CARD_WIDTH = 600
"""How wide a card of an answer gets where there is room."""

SHADOW = 10
"""How far the shadow of a surface reaches that lies over others."""


class SignColours(NamedTuple):
    """Colours of signs and words that report a state, each with text of the same meaning."""

    good: QColor
    bad: QColor
    caution: QColor


SIGNS_LIGHT = SignColours(QColor("#1b7a43"), QColor("#c42b1c"), QColor("#8a5300"))
SIGNS_DARK = SignColours(QColor("#5fd897"), QColor("#ff99a4"), QColor("#fce100"))
"""At least 4.5:1 on the surfaces of the light and of the dark theme."""
