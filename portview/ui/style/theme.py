"""Light, dark and high contrast: the system's choice or the person's, live."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from portview.models.cell_roles import RowColours
from portview.ui.style.contrast import CONTRAST_SHEET, contrast_palette, is_high_contrast


class Theme(StrEnum):
    """Which colours to use."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    HIGH_CONTRAST = "high-contrast"


_GREEN, _GREEN_DARK = QColor("#2e9e5b"), QColor("#39c277")
_AMBER, _AMBER_DARK = QColor("#e0a000"), QColor("#d9a520")
_BLUE, _BLUE_DARK = QColor("#1f6feb"), QColor("#6cb0ff")
_ORANGE = QColor("#b35900")

_BOX_LIGHTER = 200
"""In per cent."""

_SCHEMES = {
    Theme.SYSTEM: Qt.ColorScheme.Unknown,
    Theme.LIGHT: Qt.ColorScheme.Light,
    Theme.DARK: Qt.ColorScheme.Dark,
    Theme.HIGH_CONTRAST: Qt.ColorScheme.Dark,
}


def apply_theme(theme: Theme) -> None:
    """Use a theme from now on; all windows repaint themselves.

    Where the desktop offers Qt no colour schemes (plain X11), a dark palette of our own is used.
    A system that asks for high contrast is followed without; the theme is for all other systems.
    """
    application = QApplication.instance()
    sheet = CONTRAST_SHEET if theme is Theme.HIGH_CONTRAST else ""
    if isinstance(application, QApplication) and not sheet:
        # Before the palette: a sheet that goes gives widgets back the colours they had with it.
        application.setStyleSheet("")
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(_SCHEMES[theme])
    is_refused = theme is Theme.DARK and hints.colorScheme() is not Qt.ColorScheme.Dark
    if theme is Theme.HIGH_CONTRAST:
        QGuiApplication.setPalette(contrast_palette())
    else:
        QGuiApplication.setPalette(dark_palette() if is_refused else QPalette())
    _show_boxes()
    if isinstance(application, QApplication) and sheet:
        # After the palette, whose colours a sheet takes once.
        application.setStyleSheet(sheet)


def _show_boxes() -> None:
    """Lighten what is checked where all is dark: there the style's outline can't be seen."""
    palette = QGuiApplication.palette()
    if is_dark(palette) and is_high_contrast(palette):
        # The outline is a shade of the window's colour, which is not painted behind these.
        palette.setColor(QPalette.ColorRole.Window, palette.color(QPalette.ColorRole.Text))
    elif is_dark(palette):
        window = palette.color(QPalette.ColorRole.Window)
        palette.setColor(QPalette.ColorRole.Base, window.lighter(_BOX_LIGHTER))
    for kind in ("QCheckBox", "QRadioButton"):
        # PySide takes a text for the name; its types know bytes alone, which it refuses.
        if QApplication.palette(kind) != palette:  # type: ignore[call-overload]
            QApplication.setPalette(palette, kind)  # type: ignore[arg-type]


def dark_palette() -> QPalette:
    """Return dark colours for Fusion, with text at 12:1 on its background."""
    role, disabled = QPalette.ColorRole, QPalette.ColorGroup.Disabled
    palette = QPalette(QColor("#2b2d30"))
    colours = {
        role.Window: "#2b2d30",
        role.Base: "#1e1f22",
        role.AlternateBase: "#232529",
        role.Button: "#34373b",
        role.ToolTipBase: "#34373b",
        role.Text: "#e6e6e6",
        role.WindowText: "#e6e6e6",
        role.ButtonText: "#e6e6e6",
        role.ToolTipText: "#e6e6e6",
        role.BrightText: "#ffffff",
        role.PlaceholderText: "#9a9da3",
        role.Highlight: "#2f6ea5",
        role.HighlightedText: "#ffffff",
        role.Link: "#6cb2ff",
        role.Accent: "#4a9ade",
    }
    for each, colour in colours.items():
        palette.setColor(each, QColor(colour))
    for each in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(disabled, each, QColor("#7d8086"))
    return palette


def choose_style(application: QApplication) -> None:
    """Use Windows 11's own style where it exists and Fusion elsewhere.

    Other styles of Windows and Linux do not follow a dark scheme completely.
    """
    if application.style().name().lower() != "windows11":
        application.setStyle("Fusion")
    # The system may become dark as well.
    application.paletteChanged.connect(_show_boxes)


def is_dark(palette: QPalette) -> bool:
    """Return whether text is lighter than its background."""
    return (
        palette.color(QPalette.ColorRole.WindowText).lightness()
        > palette.color(QPalette.ColorRole.Window).lightness()
    )


def mistake_colour(palette: QPalette) -> QColor:
    """Return a red that stands out on this palette's base colour."""
    return QColor("#ff8a80") if is_dark(palette) else QColor("#c62828")


def blended(base: QColor, over: QColor, share: float) -> QColor:
    """Mix ``over`` into ``base``: 0 gives base, 1 gives over."""

    def mixed(a: int, b: int) -> int:
        return round(a + (b - a) * share)

    return QColor(
        mixed(base.red(), over.red()),
        mixed(base.green(), over.green()),
        mixed(base.blue(), over.blue()),
    )


def muted_text(palette: QPalette) -> QColor:
    """Return a colour for secondary text that still reads well (about 5:1) on the base colour.

    Where the strongest contrast is asked for, nothing is muted.
    """
    text = palette.color(QPalette.ColorRole.Text)
    if is_high_contrast(palette):
        return text
    return blended(palette.color(QPalette.ColorRole.Base), text, 0.66)


def accent_pair(palette: QPalette) -> tuple[QColor, QColor]:
    """Return the colour of what stands out as the first choice, and of the text on it.

    It is the system's accent, as far as text on it can be read (4.5:1); else a shade of it.
    """
    fill = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Highlight)
    text = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.HighlightedText)
    is_light_text = text.lightness() > fill.lightness()
    for _shade in range(_MOST_SHADES):
        if contrast_ratio(fill, text) >= _READABLE:
            break
        fill = fill.darker(108) if is_light_text else fill.lighter(108)
    return fill, text


_READABLE = 4.5
_MOST_SHADES = 12
_LINEAR_TO = 0.04045
"""Below this an sRGB value is proportional to the light."""


def contrast_ratio(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours after WCAG 2.2, from 1 to 21."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        red, green, blue = (
            part / 12.92 if part <= _LINEAR_TO else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


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


def new_mark_colour(palette: QPalette) -> QColor:
    """Return the colour of the sign that marks new rows."""
    if is_high_contrast(palette):
        return palette.color(QPalette.ColorRole.Text)
    return _GREEN_DARK if is_dark(palette) else _GREEN


def caution_colour(palette: QPalette) -> QColor:
    """Return the colour of a sign that is neither good nor bad news."""
    if is_high_contrast(palette):
        return palette.color(QPalette.ColorRole.Text)
    return _AMBER_DARK if is_dark(palette) else _ORANGE


def plot_colours(palette: QPalette) -> tuple[QColor, QColor]:
    """Return the colours of the first and the second line of a plot."""
    if is_high_contrast(palette):
        text = palette.color(QPalette.ColorRole.Text)
        return text, text
    return (_BLUE_DARK, _AMBER_DARK) if is_dark(palette) else (_BLUE, _ORANGE)


def row_colours(palette: QPalette) -> RowColours:
    """Return brushes for new, changed and closed rows that keep text readable on this palette."""
    base = palette.color(QPalette.ColorRole.Base)
    green, amber = (_GREEN_DARK, _AMBER_DARK) if is_dark(palette) else (_GREEN, _AMBER)
    if is_high_contrast(palette):
        # Tints would weaken the contrast that was asked for; marks and icons remain.
        return RowColours(closed_text=QBrush(palette.color(QPalette.ColorRole.PlaceholderText)))
    return RowColours(
        new=QBrush(blended(base, green, 0.22)),
        changed=QBrush(blended(base, amber, 0.28)),
        closed_text=QBrush(blended(base, palette.color(QPalette.ColorRole.Text), 0.45)),
    )
