"""PortView's icons take any colour, however faint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap

from portview.ui.style.icons import coloured_icon, icon

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

GREEN, FAINT_GREEN = 0xFF208040, 0x40208040


def strongest(pixmap: QPixmap) -> QColor:
    """Return the colour of the most opaque pixel."""
    image = pixmap.toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=QColor.alpha)


@pytest.mark.parametrize("size", [16, 20, 32, 64])
def test_every_mode_has_its_colour_in_every_size(qtbot: QtBot, size: int) -> None:
    made = coloured_icon("live", GREEN, 0xFF808080, 0xFFFFFFFF)
    colours = {
        mode: strongest(made.pixmap(size, size, mode)).rgba()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled, QIcon.Mode.Selected)
    }
    assert list(colours.values()) == [GREEN, 0xFF808080, 0xFFFFFFFF]


def test_modes_have_the_same_shape(qtbot: QtBot) -> None:
    made = coloured_icon("search", GREEN, 0xFF808080)
    shapes = [
        made.pixmap(32, 32, mode).toImage().convertedTo(made.pixmap(32, 32).toImage().format())
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled)
    ]
    alphas = [
        [shape.pixelColor(x, y).alpha() for x in range(32) for y in range(32)] for shape in shapes
    ]
    assert alphas[0] == alphas[1]
    assert set(alphas[0]) > {0, 255}, "the edges are smooth"


def test_a_disabled_icon_is_as_faint_as_the_palette_asks(qtbot: QtBot) -> None:
    palette = QPalette()
    role = QPalette.ColorRole.ButtonText
    palette.setColor(QPalette.ColorGroup.Active, role, QColor.fromRgba(GREEN))
    palette.setColor(QPalette.ColorGroup.Disabled, role, QColor.fromRgba(FAINT_GREEN))
    made = icon("live", palette)
    assert strongest(made.pixmap(32, 32)).alpha() == 0xFF
    faint = strongest(made.pixmap(32, 32, QIcon.Mode.Disabled))
    assert faint.alpha() == 0x40
