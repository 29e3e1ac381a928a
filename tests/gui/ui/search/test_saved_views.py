"""Saved views, in the window: chosen, saved, renamed, deleted, and damaged in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox

from portview.domain.sockets.scope import Scope
from portview.domain.table.saved_view import BUILT_IN_VIEWS, SavedView, read_views, view_object
from portview.ui.search.saved_views import EditViewsDialog, NameDialog, SavedViews

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QPushButton
    from pytestqt.qtbot import QtBot

    from portview.settings import Settings
    from portview.ui.window.main_window import MainWindow


def entry(window: MainWindow, title: str) -> QAction:
    return next(each for each in window.view_actions.saved_views.actions() if each.text() == title)


def titles(window: MainWindow) -> list[str]:
    return [each.text() for each in window.view_actions.saved_views.actions() if each.text()]


def button(dialog: NameDialog | EditViewsDialog, name: str) -> QPushButton:
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    return box.button(QDialogButtonBox.StandardButton[name])


def test_a_built_in_view_is_one_click_away(window: MainWindow) -> None:
    window.set_scope(Scope.UDP)
    entry(window, "Waiting: TIME_WAIT and CLOSE_WAIT").trigger()
    assert window.scope is Scope.CONNECTIONS
    assert window.filter_box.text() == "state:time-wait,close-wait"
    assert window.model.rowCount() == 2
    entry(window, "Listening to the outside").trigger()
    assert [each.row.local.port for each in window.model.shown_entries] == [3000]
    assert window.views.sorting()[0] == 4


def test_what_is_shown_is_saved_and_comes_back(
    window: MainWindow, settings: Settings, qtbot: QtBot
) -> None:
    window.set_scope(Scope.ALL)
    window.filter_box.set_query_text("proc:node")
    window.views.show_columns(["port", "process", "state"])
    window.views.sort_by(1, is_descending=True)
    window.acts["save_view"].trigger()
    dialog = window.findChild(NameDialog)
    assert dialog is not None
    assert not button(dialog, "Save").isEnabled()
    qtbot.keyClicks(dialog.box, "developer PORTS")
    assert not button(dialog, "Save").isEnabled()
    dialog.box.setText("  My <b>&node</b> ")
    button(dialog, "Save").click()
    saved = SavedView(
        "My <b>&node</b>", "proc:node", Scope.ALL, ("port", "process", "state"), "pid", True
    )
    assert read_views(settings.get("views", list, [])) == (saved,)
    window.set_scope(Scope.UDP)
    window.filter_box.set_query_text("")
    window.columns.reset()
    entry(window, "My <b>&&node</b>").trigger()
    assert window.navigation.current_view() == SavedView(
        "", saved.query, saved.scope, saved.columns, saved.sort_column, True
    )
    assert window.views.shown_columns.shown()[0].id == "port"


def test_saving_under_a_taken_name_says_that_it_replaces(qtbot: QtBot) -> None:
    dialog = NameDialog(["Mine"])
    qtbot.addWidget(dialog)
    dialog.box.setText("mine")
    assert button(dialog, "Save").text() == "Replace"
    assert "replaces" in dialog.note.text()


def test_views_are_renamed_and_deleted_and_cancel_brings_them_back(
    window: MainWindow, settings: Settings
) -> None:
    settings.set("views", [view_object(SavedView(name)) for name in ("one", "two", "three")])
    window.view_actions.saved_views._fill()
    built_in = [view.name for view in BUILT_IN_VIEWS]
    assert titles(window)[: len(built_in)] == built_in
    own = [title for title in titles(window) if title in {"one", "two", "three"}]
    assert own == ["one", "two", "three"]
    window.acts["edit_views"].trigger()
    dialog = window.findChild(EditViewsDialog)
    assert dialog is not None
    dialog.list.item(0).setText("two")
    assert "same name" in dialog.note.text()
    assert not button(dialog, "Save").isEnabled()
    dialog.list.item(0).setText(" uno ")
    dialog.list.setCurrentRow(1)
    dialog.delete.click()
    assert [view.name for view in dialog.views()] == ["uno", "three"]
    button(dialog, "Cancel").click()
    assert [view.name for view in window.view_actions.saved_views.own] == ["one", "two", "three"]
    dialog.accept()
    assert [view.name for view in window.view_actions.saved_views.own] == ["uno", "three"]
    own = [title for title in titles(window) if title in {"uno", "one", "two", "three"}]
    assert own == ["uno", "three"]


def test_deleting_all_leaves_nothing_to_rename(qtbot: QtBot) -> None:
    dialog = EditViewsDialog((SavedView("a"),))
    qtbot.addWidget(dialog)
    dialog.delete.click()
    assert not dialog.delete.isEnabled()
    assert dialog.views() == ()
    assert button(dialog, "Save").isEnabled()


def test_damaged_views_in_the_settings_are_passed_over(
    window: MainWindow, settings: Settings, qtbot: QtBot
) -> None:
    settings.set("views", [1, {"name": "x"}, view_object(SavedView("good", "port:80"))])
    menu = SavedViews(settings, SavedView, [], window)
    assert [view.name for view in menu.own] == ["good"]
    with qtbot.waitSignal(menu.view_chosen) as chosen:
        next(each for each in menu.actions() if each.text() == "good").trigger()
    assert chosen.args == [SavedView("good", "port:80")]


def test_a_view_in_the_tree_sets_the_trees_columns(window: MainWindow) -> None:
    window.acts["group"].trigger()
    window.navigation.show_view(
        SavedView("", "proc:node", Scope.ALL, ("process", "port"), "port", True)
    )
    assert [column.id for column in window.views.tree_columns.shown()] == ["process", "port"]
    assert window.views.sorting() == (4, Qt.SortOrder.DescendingOrder)
    assert window.model.entry_at(0).row.local.port == 51001
