"""What the port card offers: free the port, test it, ask why, open it, find another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from portview.i18n import _
from portview.ui.search.port_card import CardStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.confirmation.action import AnyAction
    from portview.domain.user_input.port_query import PortAnswer
    from portview.models.socket_table_model import SocketTableModel
    from portview.ui.diagnosis.diagnosis_tools import DiagnosisTools
    from portview.ui.probing.probing_tools import ProbingTools
    from portview.ui.search.port_card import PortCard


def add_card_steps(
    card: PortCard,
    *,
    model: SocketTableModel,
    probing: ProbingTools,
    diagnosis: DiagnosisTools,
    watch: Callable[[int, str, str], object],
    start: Callable[[AnyAction], object],
    notify: Callable[[str], object],
) -> None:
    """Add the steps in the order of use.

    ``start`` opens the dialog of an action, which asks; ``watch`` that of a new watch of a port,
    protocol and program.
    """

    def free(answer: PortAnswer) -> None:
        from portview.actions.confirmation.actions import FreeAction  # noqa: PLC0415 - when wanted

        address = answer.question.address
        start(
            FreeAction(
                answer.question.port,
                answer.holders[0].protocol,
                "127.0.0.1" if address == "localhost" else address,
            )
        )

    def test(answer: PortAnswer) -> None:
        entry = model.find_entry(answer.found[0].key)
        if entry is None:
            notify(_("This socket has closed."))
        else:
            probing.test(entry)

    def copy_port(answer: PortAnswer) -> None:
        QGuiApplication.clipboard().setText(str(answer.question.port))
        notify(_("Copied {port}.").format(port=answer.question.port))

    def watch_it(answer: PortAnswer) -> None:
        entry = model.find_entry(answer.found[0].key) if answer.found else None
        program = (entry.info.name if entry and entry.info else "") or ""
        protocol = answer.question.protocol
        if protocol is None and entry is not None:
            protocol = entry.row.protocol
        watch(answer.question.port, protocol.value if protocol else "tcp", program)

    for step in (
        CardStep(
            _("Free port\u2026"),
            lambda answer: bool(answer.holders),
            free,
            "Ctrl+K",
            tip=_("Shows who holds the port and asks before anything is stopped"),
        ),
        CardStep(_("Copy port"), lambda _answer: card.is_free, copy_port),
        CardStep(
            _("Test"),
            lambda answer: bool(answer.found) and not answer.waiting,
            test,
            "Ctrl+T",
            may_be_first=False,
            tip=_("Does it answer, from where, and what would another machine see?"),
        ),
        CardStep(
            _("Why?"),
            lambda _answer: True,
            lambda answer: diagnosis.ask_about(answer.question.port, answer.question.protocol),
            "Ctrl+Y",
            tip=_("Why this port can't be used by another program, or reached by clients"),
        ),
        CardStep(
            _("Open"),
            _is_page,
            lambda answer: _open_page(answer, notify),
            "Ctrl+B",
            may_be_first=False,
            tip=_("Open it in the browser"),
        ),
        CardStep(
            _("Watch\u2026"),
            lambda _answer: True,
            watch_it,
            may_be_first=False,
            tip=_("Get a message when this port stops responding, or another program takes it"),
        ),
        CardStep(
            _("Find another"),
            lambda answer: bool(answer.found),
            lambda answer: probing.find_free_port(answer.question.port),
            may_be_first=False,
            tip=_("Ports close to this one that a program could take now"),
        ),
        CardStep(
            _("Show in table"),
            lambda answer: not answer.is_free,
            lambda _answer: card.go_to_next(),
            "Ctrl+Return",
            may_be_first=False,
            tip=_("Again for the next of its sockets"),
        ),
        CardStep(
            _("Show its connections"),
            lambda answer: bool(answer.peers),
            lambda answer: card.filter_chosen.emit(
                # untranslated: a query
                f"port:{answer.question.port} OR rport:{answer.question.port}"
            ),
            may_be_first=False,
        ),
        CardStep(
            _("Copy text"),
            lambda _answer: True,
            lambda _answer: card.copy_text(),
            may_be_first=False,
        ),
    ):
        card.add_step(step)


def _is_page(answer: PortAnswer) -> bool:
    from portview.domain.user_input.browser_url import why_no_browser  # noqa: PLC0415 - when wanted

    return bool(answer.holders) and not why_no_browser(answer.holders[0])


def _open_page(answer: PortAnswer, notify: Callable[[str], object]) -> None:
    from portview.domain.user_input.browser_url import browser_url  # noqa: PLC0415 - likewise

    url = browser_url(answer.holders[0])
    if not QDesktopServices.openUrl(QUrl(url, QUrl.ParsingMode.StrictMode)):
        notify(_("The desktop could not open a browser for {url}").format(url=url))
