"""Light, dark and high contrast: readable, and followed while the window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QRadioButton, QStyleFactory

from portview.ui.style.contrast import contrast_palette, is_high_contrast
from portview.ui.style.theme import (
    Theme,
    apply_theme,
    contrast_ratio,
    dark_palette,
    is_dark,
    muted_text,
    row_colours,
)
from portview.ui.window.theme_menu import ThemeMenu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow


def palette_of(text: str, base: str) -> QPalette:
    palette = QPalette(QColor(base))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
        palette.setColor(role, QColor(text))
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        palette.setColor(role, QColor(base))
    return palette


LIGHT = palette_of("#000000", "#fbfbfb")
PALETTES = [LIGHT, dark_palette(), palette_of("#ffffff", "#000000"), contrast_palette()]


def contrast(a: QColor, b: QColor) -> float:
    """Return the contrast ratio of WCAG 2.2."""

    def luminance(colour: QColor) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("palette", PALETTES)
def test_text_stays_readable_on_every_tint(palette: QPalette) -> None:
    text = palette.color(QPalette.ColorRole.Text)
    base = palette.color(QPalette.ColorRole.Base)
    colours = row_colours(palette)
    for brush in (colours.new, colours.changed):
        if brush is not None:
            assert contrast(text, brush.color()) >= 7
    assert contrast(colours.closed_text.color(), base) >= 2.5
    assert contrast(muted_text(palette), base) >= 4.5


def test_high_contrast_gets_no_tints() -> None:
    palette = palette_of("#ffffff", "#000000")
    assert is_high_contrast(palette)
    assert row_colours(palette).new is None
    assert not is_high_contrast(dark_palette())


@pytest.fixture
def system_theme_afterwards() -> Iterator[None]:
    yield
    apply_theme(Theme.SYSTEM)


def test_the_window_follows_a_new_theme_at_once(
    qtbot: QtBot, open_window: Callable[..., RunningWindow], system_theme_afterwards: None
) -> None:
    window = open_window().window
    apply_theme(Theme.LIGHT)
    qtbot.waitUntil(lambda: not is_dark(window.palette()))
    light = window.model._roles.colours
    apply_theme(Theme.DARK)
    qtbot.waitUntil(lambda: is_dark(window.palette()))
    assert window.model._roles.colours != light


def test_high_contrast_can_be_chosen_and_draws_lines_around_what_can_be_used(
    qtbot: QtBot, open_window: Callable[..., RunningWindow], system_theme_afterwards: None
) -> None:
    window = open_window().window
    menu = next(menu for menu in window.findChildren(ThemeMenu))
    choices = {action.data(): action for action in menu.actions()}
    choices[Theme.HIGH_CONTRAST.value].trigger()
    qtbot.waitUntil(lambda: is_high_contrast(window.palette()))
    assert window.model._roles.colours.new is None
    assert muted_text(window.palette()) == window.palette().color(QPalette.ColorRole.Text)
    edge = window.filter_box.grab().toImage().pixelColor(window.filter_box.width() // 2, 0)
    assert edge == QColor("#ffffff")
    choices[Theme.LIGHT.value].trigger()
    qtbot.waitUntil(lambda: not is_high_contrast(window.palette()))


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK, Theme.HIGH_CONTRAST])
@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
def test_a_box_that_is_not_checked_can_be_seen(
    qtbot: QtBot,
    system_theme_afterwards: None,
    theme: Theme,
    kind: type[QCheckBox | QRadioButton],
) -> None:
    apply_theme(theme)
    box = kind()
    fusion = QStyleFactory.create("Fusion")  # the one that draws its outlines by the palette
    box.setStyle(fusion)
    qtbot.addWidget(box)
    box.resize(40, 24)
    picture = box.grab().toImage()
    behind = picture.pixelColor(picture.width() - 1, picture.height() - 1)
    contrasts = [
        contrast_ratio(picture.pixelColor(x, y), behind)
        for x in range(picture.width() // 2)
        for y in range(picture.height())
    ]
    assert max(contrasts) >= 1.4
