"""Cells drawn quickly look exactly as the style draws them, in both views and all themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import State
from portview.domain.table.columns import COLUMNS
from portview.ui.style.theme import Theme, apply_theme
from portview.ui.table.fast_delegate import FastDelegate
from tests.gui.ui.conftest import PROCESSES, ROWS, socket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QAbstractItemView, QApplication

    from portview.ui.window.main_window import MainWindow

NAMES = [
    "<b>bold</b>",
    "端口查看器",
    "مرحبا بالعالم",
    "emoji 🦊",
    "a\u202eb\n\ud800",
    "x" * 32_000,
    "",
]
STRANGERS = [
    ProcessInfo(ProcessKey(700 + number, 1), name=name, user=name, command_line=(name, "--serve"))
    for number, name in enumerate(NAMES)
]
STRANGE_ROWS = tuple(socket(7000 + n, owner) for n, owner in enumerate(STRANGERS))


@pytest.fixture(
    params=[Theme.LIGHT, Theme.DARK, Theme.HIGH_CONTRAST], ids=lambda theme: theme.value
)
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Theme]:
    apply_theme(request.param)
    yield request.param
    apply_theme(Theme.SYSTEM)


class Drawing:
    """Counts the cells that were drawn quickly, and can have none drawn so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_allowed = True
        self.count = 0
        paint = FastDelegate.paint

        def counted(*arguments: Any) -> bool:
            is_drawn = self.is_allowed and paint(*arguments)
            self.count += is_drawn
            return is_drawn

        monkeypatch.setattr(FastDelegate, "paint", counted)

    def picture(self, view: QAbstractItemView) -> QImage:
        """Draw a view; ``count`` is that of this picture."""
        view.viewport().grab()  # what is still to be laid out is laid out by this
        self.count = 0
        return view.viewport().grab().toImage()


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Drawing:
    return Drawing(monkeypatch)


def full_of_news(window: MainWindow, show: Callable[..., None]) -> None:
    """Show all kinds of rows, some just come, changed and closed, and as many columns as fit."""
    window.resize(1600, 900)
    window.set_scope(Scope.ALL)
    processes = {**PROCESSES, **{info.key: info for info in STRANGERS}}
    show(*ROWS, *STRANGE_ROWS, processes=processes)
    changed = ROWS[4]._replace(state=State.CLOSE_WAIT)
    coming = (socket(6000), socket(6001))
    show(changed, *ROWS[5:], *STRANGE_ROWS, *coming, processes=processes)
    for number, column in enumerate(COLUMNS):
        if column.id in {"user", "command_line", "executable"}:
            window.table.setColumnHidden(number, False)


@pytest.mark.usefixtures("theme")
@pytest.mark.parametrize("is_grouped", [False, True], ids=["flat", "grouped"])
def test_quick_cells_are_the_style_s_own_to_the_pixel(
    window: MainWindow,
    show: Callable[..., None],
    drawing: Drawing,
    is_grouped: bool,
) -> None:
    full_of_news(window, show)
    if is_grouped:
        window.acts["group"].trigger()
        window.views.tree.expandAll()
    view = window.views.view
    quick = drawing.picture(view)
    assert drawing.count > 100
    drawing.is_allowed = False
    assert quick == drawing.picture(view)
    assert drawing.count == 0


def test_what_is_chosen_is_drawn_by_the_style(window: MainWindow, drawing: Drawing) -> None:
    table = window.table
    window.set_scope(Scope.ALL)
    drawing.picture(table)
    before = drawing.count
    flags = QItemSelectionModel.SelectionFlag
    index = window.model.index(2, 0)
    table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
    drawing.picture(table)
    visible_rows = [
        number
        for number in range(len(COLUMNS))
        if not table.isColumnHidden(number)
        and table.columnViewportPosition(number) < table.viewport().width()
    ]
    assert drawing.count == before - len(visible_rows)


def test_a_new_font_lays_texts_out_anew(window: MainWindow, drawing: Drawing) -> None:
    window.set_scope(Scope.ALL)
    small = drawing.picture(window.table)
    font = window.table.font()
    font.setPointSizeF(font.pointSizeF() * 1.5)
    window.table.setFont(font)
    large = drawing.picture(window.table)
    assert large != small
    drawing.is_allowed = False
    assert drawing.picture(window.table) == large


def test_a_mirrored_table_is_drawn_by_the_style(window: MainWindow, drawing: Drawing) -> None:
    window.table.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    drawing.picture(window.table)
    assert drawing.count == 0
