"""The window of "Test connection"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from portview.i18n import _
from portview.override import override
from portview.ui.widgets.tool_window import ToolWindow

if TYPE_CHECKING:
    from portview.settings import Settings
    from portview.ui.probing.connection_check import ConnectionCheck

_SIZE = (680, 440)


class ConnectionCheckWindow(ToolWindow):
    """Holds one connection test, beside the table."""

    __test__ = False  # for pytest, which takes every class called Test... for one of its own

    def __init__(self, test: ConnectionCheck, settings: Settings, parent: QWidget) -> None:
        super().__init__("test", _("Test connection"), _SIZE, settings, parent)
        self.test = test
        test.notified.connect(self.notified)
        self.starts_at = test.again_button
        QVBoxLayout(self).addWidget(test)

    @override
    def stop(self) -> bool:
        return self.test.stop()
