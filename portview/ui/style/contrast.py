"""High contrast: colours and lines for those who need them, on any desktop."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

_PURE = 255


def is_high_contrast(palette: QPalette) -> bool:
    """Return whether the strongest contrast is asked for, by the system or by pure colours."""
    hints = QGuiApplication.styleHints()  # kept, because PySide lets its parts go with it
    wanted = hints.accessibility().contrastPreference()
    text = palette.color(QPalette.ColorRole.WindowText).lightness()
    window = palette.color(QPalette.ColorRole.Window).lightness()
    return wanted == Qt.ContrastPreference.HighContrast or abs(text - window) == _PURE


def contrast_palette() -> QPalette:
    """Return white on black; one more colour for what is selected, and one for what is off."""
    role, disabled = QPalette.ColorRole, QPalette.ColorGroup.Disabled
    palette = QPalette(QColor("#000000"))
    white, black, chosen, off = map(QColor, ("#ffffff", "#000000", "#1aebff", "#3ff23f"))
    for each in (role.Window, role.Base, role.AlternateBase, role.Button, role.ToolTipBase):
        palette.setColor(each, black)
    for each in (role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText):
        palette.setColor(each, white)
        palette.setColor(disabled, each, off)
    # What styles draw lines and edges with.
    for each in (role.Light, role.Midlight, role.Mid, role.Dark, role.Shadow):
        palette.setColor(each, white)
    palette.setColor(role.PlaceholderText, off)
    palette.setColor(role.Highlight, chosen)
    palette.setColor(role.Accent, chosen)
    palette.setColor(role.HighlightedText, black)
    palette.setColor(role.Link, QColor("#ffff00"))
    return palette


CONTRAST_SHEET = """
QLineEdit, QComboBox, QAbstractSpinBox { border: 1px solid palette(text); padding: 3px; }
QTableView, QTreeView, QListView, QMenu, QToolTip { border: 1px solid palette(text); }
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus, QTableView:focus, QTreeView:focus,
QListView:focus { border: 2px solid palette(highlight); }
QPushButton { border: 1px solid palette(text); padding: 3px 8px; }
QToolButton { border: 1px solid palette(text); padding: 2px 4px; }
QToolButton[popupMode="1"] { padding-right: 18px; }
QToolButton::menu-button { border: none; border-left: 1px solid palette(text); width: 14px; }
QPushButton:hover, QToolButton:hover { border-color: palette(highlight); }
QPushButton:disabled, QToolButton:disabled { border-color: palette(placeholder-text); }
QToolButton:checked { border: 3px double palette(text); }
QPushButton:focus, QToolButton:focus { border: 2px solid palette(highlight); }
QTabBar::tab { border: 1px solid palette(text); padding: 4px 12px; }
QTabBar::tab:selected { background: palette(highlight); color: palette(highlighted-text); }
QTabBar::tab:focus { border: 2px solid palette(link); }
QScrollBar { background: palette(base); border: 1px solid palette(text); }
QScrollBar:vertical { width: 14px; }
QScrollBar:horizontal { height: 14px; }
QScrollBar::handle { background: palette(text); margin: 2px; }
QScrollBar::handle:vertical { min-height: 24px; }
QScrollBar::handle:horizontal { min-width: 24px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QStatusBar { border-top: 1px solid palette(text); }
"""
"""Lines around everything that can be used, which styles draw in shades of the background."""
