"""Light, dark and high contrast: the system's choice or the person's, live."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


class Theme(StrEnum):
    """Which colours to use."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


_SCHEMES = {
    Theme.SYSTEM: Qt.ColorScheme.Unknown,
    Theme.LIGHT: Qt.ColorScheme.Light,
    Theme.DARK: Qt.ColorScheme.Dark,
}


def apply_theme(theme: Theme) -> None:
    """Use a theme from now on; all windows repaint themselves."""
    QGuiApplication.styleHints().setColorScheme(_SCHEMES[theme])


def choose_style(application: QApplication) -> None:
    """Use Windows 11's own style where it exists and Fusion elsewhere.

    Other styles of Windows and Linux do not follow a dark scheme completely.
    """
    if application.style().name().lower() != "windows11":
        application.setStyle("Fusion")


def is_dark(palette: QPalette) -> bool:
    """Tell whether text is lighter than its background."""
    return (
        palette.color(QPalette.ColorRole.WindowText).lightness()
        > palette.color(QPalette.ColorRole.Window).lightness()
    )


def blended(base: QColor, over: QColor, share: float) -> QColor:
    """Mix ``over`` into ``base``: 0 gives base, 1 gives over."""
    return QColor(
        *(
            round(a + (b - a) * share)
            for a, b in zip(base.getRgb()[:3], over.getRgb()[:3], strict=True)
        )
    )


def muted_text(palette: QPalette) -> QColor:
    """Return a colour for secondary text that still reads well (about 5:1) on the base colour."""
    return blended(
        palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text), 0.66
    )


def tabular_font(base: QFont) -> QFont:
    """Return the font with figures of one width, so that numbers in a column line up."""
    font = QFont(base)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def monospace_font(base: QFont) -> QFont:
    """Return the system's fixed-width font at the size of ``base``."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(base.pointSizeF())
    return font
