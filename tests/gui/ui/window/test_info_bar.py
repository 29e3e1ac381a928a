"""The bar that tells of hidden owners, and leads to where they can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import OwnerProblem, SocketRow
from portview.ui.window.root_command_dialog import RootCommandDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


def test_it_counts_what_an_administrator_would_see(
    window: MainWindow,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    assert window.info_bar.text == "The owner of 1 socket is hidden from this account."
    denied = OwnerProblem.ACCESS_DENIED
    show(*rows, make_socket(446, None, problem=denied))
    assert window.info_bar.text == "The owners of 2 sockets are hidden from this account."
    show(*rows[:4], make_socket(9, None, problem=OwnerProblem.OTHER_NAMESPACE))
    assert not window.info_bar.isVisible(), "more rights would show nothing more"


def test_its_button_does_what_the_menu_does(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "portview.actions.elevation.restart.can_restart_as_administrator", lambda: False
    )
    window.info_bar.button.click()
    dialog = window.findChild(RootCommandDialog)
    assert dialog is not None
    dialog.reject()


def test_it_stays_closed_once_it_is_closed(
    window: MainWindow,
    show: Callable[..., None],
    rows: tuple[SocketRow, ...],
    make_socket: Callable[..., SocketRow],
) -> None:
    window.info_bar.close_button.click()
    show(*rows, make_socket(446, None, problem=OwnerProblem.ACCESS_DENIED))
    assert not window.info_bar.isVisible()
