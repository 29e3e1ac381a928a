"""The user guide: the topics of ``portview help``, beside each other, as plain documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QTextDocument
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QSplitter, QTextBrowser, QWidget

from portview.i18n import _, current_language
from portview.override import override
from portview.ui.style.tokens import SPACE_S, SPACE_XS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SIZE, _LIST_WIDTH = (900, 600), 220
_FIRST_TOPIC = "watches"


class GuidePage(QTextBrowser):
    """Shows one document of PortView's own. It loads nothing, from the network least of all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Guide"))
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.document().setDocumentMargin(SPACE_S * 2)

    @override
    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None

    def show_markdown(self, text: str) -> None:
        """Show a document from its beginning."""
        features = QTextDocument.MarkdownFeature
        self.document().setMarkdown(text, features.MarkdownDialectGitHub | features.MarkdownNoHTML)
        self.moveCursor(self.textCursor().MoveOperation.Start)


class GuideWindow(QDialog):
    """The topics on the left, one of them on the right; it blocks nothing."""

    def __init__(
        self, topics: Mapping[str, Path], titles: Mapping[str, str], parent: QWidget
    ) -> None:
        """``topics`` are the files by their names, ``titles`` what the list shows."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Guide"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(*_SIZE)
        self._topics = dict(topics)
        self.list = QListWidget()
        self.list.setAccessibleName(_("Topics"))
        self.list.setWordWrap(True)
        self.list.setSpacing(SPACE_XS // 2)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.addItems([titles[name] for name in self._topics])
        self.page = GuidePage()
        self.page.anchorClicked.connect(self._on_link)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.list)
        splitter.addWidget(self.page)
        splitter.setSizes([_LIST_WIDTH, _SIZE[0] - _LIST_WIDTH])
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_S, SPACE_S, SPACE_S, SPACE_S)
        row.addWidget(splitter)
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        self.list.currentRowChanged.connect(self._on_row)
        self.show_topic(_FIRST_TOPIC)

    def show_topic(self, name: str) -> None:
        """Show a topic; one that there is none of changes nothing."""
        if name in self._topics:
            self.list.setCurrentRow(list(self._topics).index(name))

    @Slot(int)
    def _on_row(self, number: int) -> None:
        path = list(self._topics.values())[number]
        self.page.show_markdown(path.read_text(encoding="utf-8"))

    @Slot(QUrl)
    def _on_link(self, link: QUrl) -> None:
        """Follow links between topics; every other one is left to the person to copy."""
        if link.isRelative():
            self.show_topic(link.path().removesuffix(".md"))


def open_guide(parent: QWidget) -> GuideWindow:
    """Show the guide, the one that is open already where there is one."""
    from portview.resources import help_topics, topic_title  # noqa: PLC0415 - when wanted

    for open_one in parent.findChildren(GuideWindow):
        open_one.raise_()
        open_one.activateWindow()
        return open_one
    topics = help_topics(current_language())
    guide = GuideWindow(topics, {name: topic_title(path) for name, path in topics.items()}, parent)
    guide.show()
    return guide
