"""The bar above the table that says how many owners only an administrator can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from portview.domain.sockets.socket_row import OwnerProblem
from portview.i18n import _, ngettext
from portview.override import override
from portview.ui.widgets.banner import Banner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QWidget


class InfoBar(Banner):
    """Is there while owners are hidden that an administrator would see, until somebody closes it.

    ``wanted`` asks for the act that the File menu has as well.
    """

    def __init__(self, *, is_elevated: bool, parent: QWidget | None = None) -> None:
        super().__init__("shield", _("Hidden owners"), parent)
        self._is_unwanted = is_elevated
        self._count = 0
        self.set_closing(_("Close this message"), _("Close; the File menu still has this command"))
        self.closed.connect(self._on_close)

    def show_problems(self, problems: Mapping[OwnerProblem | None, int]) -> None:
        """Say how many sockets have an owner that only an administrator can see."""
        count = 0 if self._is_unwanted else problems.get(OwnerProblem.ACCESS_DENIED, 0)
        if count == self._count:
            return
        self._count = count
        if not count:
            self.hide()
            return
        self.say(
            ngettext(
                "The owner of {count:,} socket is hidden from this account.",
                "The owners of {count:,} sockets are hidden from this account.",
                count,
            ).format(count=count),
            _("Show as administrator"),
            _("Shows the owners that only an administrator can see"),
        )

    @override
    def _button_icon(self, sign: QIcon) -> QIcon:
        return sign

    @Slot()
    def _on_close(self) -> None:
        self._is_unwanted = True
        self.show_problems({})
