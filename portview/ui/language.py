"""The language of the window: chosen at the start, and changed while it is open. UI thread."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, QTranslator, Signal
from PySide6.QtGui import QAction, QFont, QFontDatabase
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTabBar,
    QTreeWidget,
    QWidget,
)

from portview.i18n import current_catalogue, has_language, use_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Changer = Callable[[str], str | None]

# untranslated: names of fonts
_CHINESE_FONTS = (
    *("Microsoft YaHei UI", "Microsoft YaHei"),
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei"),
)
"""Fonts with simplified Chinese glyphs in a normal and a bold weight, the best first."""


class WindowLanguage(QObject):
    """Uses a language for PortView's texts and Qt's own, and changes what is shown already."""

    changed = Signal()
    """Windows are in another language now; what is made from fields is to be made again."""

    def __init__(self, application: QApplication) -> None:
        """Begin in English; ``use`` chooses."""
        super().__init__(application)
        self._application = application
        self._of_qt = QTranslator(self)
        self._language = "en"
        self._families = application.font().families()

    @property
    def language(self) -> str:
        """Return the language in use, such as "zh_CN"."""
        return self._language

    def use(self, choice: str) -> None:
        """Use a language, or with "system" the first of the system's that there is."""
        before = current_catalogue()
        language = use_language(system_language() if choice == "system" else choice)
        if language == self._language:
            return
        self._language = language
        self._use_font()
        # Before the texts: Qt then changes what it has written itself, such as "Cancel".
        self._use_texts_of_qt()
        from portview.retranslation import text_changer  # noqa: PLC0415 - English never needs it

        changer = text_changer(before, current_catalogue())  # type: ignore[arg-type]
        for window in self._application.topLevelWidgets():
            retranslate(window, changer)
        self.changed.emit()

    def _use_texts_of_qt(self) -> None:
        self._application.removeTranslator(self._of_qt)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if self._language != "en" and self._of_qt.load(f"qtbase_{self._language}", folder):
            self._application.installTranslator(self._of_qt)
        is_of_system = self._language == "en" or system_language() == self._language
        QLocale.setDefault(QLocale.system() if is_of_system else QLocale(self._language))

    def _use_font(self) -> None:
        """Name a font for Chinese behind the system's own, or Qt takes any that has the glyphs.

        Without one Qt may mix in Japanese forms, or a font that has no bold.
        """
        families = list(self._families)
        if self._language == "zh_CN":
            installed = set(QFontDatabase.families())
            families += [one for one in _CHINESE_FONTS if one in installed][:1]
        font = QFont(self._application.font())
        if font.families() != families:
            font.setFamilies(families)
            self._application.setFont(font)


def system_language() -> str:
    """Return the first of the system's languages that there is; English where there is none."""
    return next(filter(has_language, QLocale.system().uiLanguages()), "en")


def retranslate(window: QWidget, change: Changer) -> None:
    """Change every text of a window and its children that is a message. What is not stays."""
    for widget in (window, *window.findChildren(QWidget)):
        for read, write in _texts_of(widget):
            _change(read(), write, change)
        if isinstance(widget, QHeaderView) and widget.model() is not None:
            last = widget.model().columnCount() - 1
            widget.model().headerDataChanged.emit(widget.orientation(), 0, max(0, last))
    for action in window.findChildren(QAction):
        for read, write in (
            (action.text, action.setText),
            (action.toolTip, action.setToolTip),
            (action.statusTip, action.setStatusTip),
        ):
            _change(read(), write, change)


def _texts_of(widget: QWidget) -> Iterator[tuple[Callable[[], str], Callable[[str], Any]]]:
    """Yield how each text of a widget is read and written."""
    yield widget.toolTip, widget.setToolTip
    yield widget.statusTip, widget.setStatusTip
    yield widget.accessibleName, widget.setAccessibleName
    yield widget.accessibleDescription, widget.setAccessibleDescription
    yield widget.windowTitle, widget.setWindowTitle
    if isinstance(widget, QLabel | QAbstractButton):
        yield widget.text, widget.setText
    elif isinstance(widget, QGroupBox | QMenu):
        yield widget.title, widget.setTitle
    elif isinstance(widget, QLineEdit):
        yield widget.placeholderText, widget.setPlaceholderText
    elif isinstance(widget, QTabBar):
        yield from _numbered(widget.count(), widget.tabText, widget.setTabText)
        yield from _numbered(widget.count(), widget.tabToolTip, widget.setTabToolTip)
    elif isinstance(widget, QComboBox):
        yield from _numbered(widget.count(), widget.itemText, widget.setItemText)
    elif isinstance(widget, QTreeWidget):
        head = widget.headerItem()
        yield from _numbered(widget.columnCount(), head.text, head.setText)


def _numbered(
    count: int, read: Callable[[int], str], write: Callable[[int, str], Any]
) -> Iterator[tuple[Callable[[], str], Callable[[str], Any]]]:
    for number in range(count):
        yield partial(read, number), partial(write, number)


_TOOLTIP = re.compile(r"(<p style=[^>]*>)(.*?)((?: \([^()]*\))?</p>)", re.DOTALL)
"""A plain text as a tooltip shows it, with the keys behind it."""


def _change(text: str, write: Callable[[str], Any], change: Changer) -> None:
    if not text:
        return
    if (new := change(text)) is not None:
        write(new)
        return
    import html  # noqa: PLC0415 - nothing before the first rows needs it

    if (match := _TOOLTIP.fullmatch(text)) and (new := change(html.unescape(match[2]))):
        write(f"{match[1]}{html.escape(new)}{match[3]}")
