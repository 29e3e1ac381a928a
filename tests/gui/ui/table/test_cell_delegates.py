"""How cells of selected rows are drawn where the style draws them badly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPixmap, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QTableView

from portview.ui.style.icons import coloured_icon
from portview.ui.table.cell_delegates import _PairedCellDelegate

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def drawn(qtbot: QtBot, icon: QIcon, *, is_selected: bool) -> QColor:
    """Return the strongest colour of an icon as a cell would draw it."""
    model = QStandardItemModel()
    model.appendRow(QStandardItem(icon, "text"))
    view = QTableView()
    qtbot.addWidget(view)
    option = QStyleOptionViewItem()
    option.widget = view
    option.decorationSize = QSize(16, 16)
    if is_selected:
        option.state |= QStyle.StateFlag.State_Selected
    _PairedCellDelegate(view).initStyleOption(option, model.index(0, 0))
    image = option.icon.pixmap(16).toImage()
    pixels = (image.pixelColor(x, y) for x in range(16) for y in range(16))
    return max(pixels, key=lambda colour: colour.alpha())


def test_an_icon_of_our_own_reads_on_the_selection_and_others_stay_as_they_are(
    qtbot: QtBot,
) -> None:
    red, white = QColor("#c01010"), QColor("#ffffff")
    own = coloured_icon("firewall_partly", red.rgba(), red.rgba(), white.rgba())
    assert drawn(qtbot, own, is_selected=False).name() == red.name()
    assert drawn(qtbot, own, is_selected=True).name() == white.name()
    picture = QPixmap(16, 16)
    picture.fill(red)
    for is_selected in (False, True):
        assert drawn(qtbot, QIcon(picture), is_selected=is_selected).name() == red.name()
