"""Room for wrapped text and what stands below it, which scrolls where there is too little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from portview.override import override

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QResizeEvent


class WrappedArea(QScrollArea):
    """Holds widgets one below the other, each as high as its text is at the width that there is.

    A plain scroll area takes the height of wrapped text at a much smaller width, and scrolls where
    everything would be seen.
    """

    def __init__(self, *widgets: QWidget, spacing: int = 0) -> None:
        super().__init__()
        self._contents = QWidget()
        self._column = QVBoxLayout(self._contents)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(spacing)
        for widget in widgets:
            self._column.addWidget(widget)
            for label in widget.findChildren(QLabel):
                if label.wordWrap():
                    label.setMinimumHeight(1)
        self._column.addStretch(1)
        self.setWidget(self._contents)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self._contents.setAutoFillBackground(False)
        self._contents.installEventFilter(self)

    def height_for(self, width: int) -> int:
        """Return how high everything is at a width, in pixels."""
        self._column.activate()
        return self._column.totalHeightForWidth(width)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._contents and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self._contents.setMinimumHeight(self.height_for(self.viewport().width()))
