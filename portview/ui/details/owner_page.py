"""The tab that says who holds a socket: the process, where it comes from, what it uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSplitter, QToolButton

from portview.domain.formatting import format_duration, format_share, format_size
from portview.domain.owners.explanations import (
    describe_chain,
    describe_holders,
    describe_suspended,
    owner_sentences,
    services_words,
)
from portview.domain.owners.http_sys import describe_registrations
from portview.domain.owners.identity import identity_of, what_of
from portview.domain.owners.owners import command_line_of, user_of
from portview.domain.owners.process import Execution
from portview.domain.owners.process_details import OwnerDetails, OwnerQuestion, processor_share
from portview.domain.owners.system_owners import may_be_http_sys
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.i18n import _, join_list, join_sentences, ngettext
from portview.override import override
from portview.ui.details.details_page import DetailsPage, Subject
from portview.ui.details.facts_form import FactsForm
from portview.ui.details.socket_list import SocketList
from portview.ui.style.icons import set_button_icon
from portview.ui.widgets.open_folder import open_folder_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QWidget

    from portview.domain.owners.http_sys import HttpPortUse
    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.process_details import ProcessUsage
    from portview.domain.sockets.entry import SocketEntry
    from portview.engine.task_runner import TaskRunner
    from portview.ui.table.data_sources import DataSources

_BUTTON_ICON = 14
_SOCKET_COLUMNS = ("protocol", "local_address", "port", "remote_address", "state", "age")
_FACTS_WIDTH, _SOCKETS_WIDTH = 620, 480


class OwnerPage(DetailsPage):
    """Facts on the left, all sockets of the process on the right."""

    socket_chosen = Signal(object)
    notified = Signal(str)

    def __init__(
        self,
        data_sources: DataSources,
        runner: TaskRunner,
        parent: QWidget | None = None,
    ) -> None:
        """Store what is looked up: the owner once per tick, http.sys once per row."""
        super().__init__(parent)
        describe = self._describe = data_sources.describe
        self._runner = runner
        self._subject: Subject | None = None
        self._details: OwnerDetails | None = None
        self._usage: ProcessUsage | None = None
        self._inquiry: LatestQuery[OwnerQuestion, OwnerDetails] = LatestQuery(
            data_sources.read_owner, runner, Pool.READING, on_answered=self._on_read
        )
        # It runs programs, for which the table must not wait.
        self._http_inquiry: LatestQuery[int, HttpPortUse] = LatestQuery(
            data_sources.read_http_use, runner, Pool.PROBES, on_answered=self._on_http_read
        )
        self._origin_inquiry: LatestQuery[ProcessKey, str] = LatestQuery(
            data_sources.read_origin, runner, Pool.PROBES, on_answered=self._on_origin_read
        )
        self._origin_of: ProcessKey | None = None
        self._http_port: int | None = None
        self._buttons: dict[QToolButton, str] = {}
        self.facts = FactsForm()
        self._add_facts()
        self.sockets = SocketList(
            describe,
            describe().port_names,
            _SOCKET_COLUMNS,
            name=_("Sockets of this process"),
            sorted_by="port",
        )
        self.sockets.socket_chosen.connect(self.socket_chosen)
        scroll = QScrollArea()
        scroll.setWidget(self.facts)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        self.facts.setAutoFillBackground(False)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(scroll)
        halves.addWidget(self.sockets)
        halves.setSizes([_FACTS_WIDTH, _SOCKETS_WIDTH])
        halves.setChildrenCollapsible(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(halves)

    @override
    def show_subject(self, subject: Subject) -> None:
        question = _question_about(subject.entry)
        if self._details is not None and self._details.question != question:
            self._details = None
            self._usage = None
            self.facts.show_fact("usage", "")
        self._subject = subject
        self._show_facts(subject)
        owner = subject.entry.row.key.owner
        rows = subject.owner_rows
        count = len(rows)
        title = ngettext(
            "{count:,} socket of this process", "{count:,} sockets of this process", count
        ).format(count=count)
        if owner is None:
            title = _("Sockets of the same process: unknown without an owner")
        self.sockets.show_rows(owner, rows, subject.snapshot, title)
        self._inquiry.ask(question)
        self._ask_http(subject)
        self._ask_origin(subject)

    def _ask_origin(self, subject: Subject) -> None:
        owner = subject.entry.row.key.owner
        if owner == self._origin_of:
            return
        self._origin_of = owner
        self._origin_inquiry.drop()
        self.facts.show_fact("why", "")
        if owner is not None:
            self._origin_inquiry.ask(owner)

    def _on_origin_read(self, owner: ProcessKey, sentence: str) -> None:
        if owner == self._origin_of:
            self.facts.show_fact("why", sentence)

    def _ask_http(self, subject: Subject) -> None:
        row = subject.entry.row
        port = row.local.port if may_be_http_sys(row, sys.platform) else None
        if port == self._http_port:
            return
        self._http_port = port
        self._http_inquiry.drop()
        self.facts.show_fact("http", "" if port is None else "Reading ...")
        if port is not None:
            self._http_inquiry.ask(port)

    def _on_http_read(self, port: int, use: HttpPortUse) -> None:
        if port == self._http_port:
            self.facts.show_fact("http", describe_registrations(use))

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            for button, icon_name in self._buttons.items():
                set_button_icon(button, icon_name, self.palette())

    def _add_facts(self) -> None:
        add = self.facts.add_fact
        copy_path = self._button("copy", _("Copy the path of the executable"), self._on_copy_path)
        go_there = self._button(
            "folder", _("Open the folder of the executable"), self._on_open_folder
        )
        copy_command = self._button("copy", _("Copy the command line"), self._on_copy_command)
        add("note", _("Note"), most_lines=6)
        add("http", _("On behalf of"), most_lines=6)
        add("what", _("What"), most_lines=2)
        add("process", _("Process"), most_lines=1)
        add("usage", _("Uses"), most_lines=2)
        add("started", _("Started"), most_lines=1)
        add("why", _("Why it runs"), most_lines=3)
        add("chain", _("Started by"))
        add("holders", _("Likely holders"))
        add("user", _("User"), most_lines=1)
        add("services", _("Services"), most_lines=4)
        add("executable", _("Executable"), most_lines=2, buttons=(copy_path, go_there))
        add("command_line", _("Command line"), most_lines=4, buttons=(copy_command,))

    @staticmethod
    def _what_words(subject: Subject) -> str:
        """Return what the program is, and from what that was read."""
        row, info = subject.entry.row, subject.entry.info
        what, sources = what_of(row, info), identity_of(info).sources
        if not what or not sources:
            return what
        return _("{what} (read from: {sources})").format(what=what, sources="; ".join(sources))

    def _button(self, icon_name: str, name: str, on_clicked: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIconSize(QSize(_BUTTON_ICON, _BUTTON_ICON))
        button.setFixedHeight(self.fontMetrics().lineSpacing() + 4)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(on_clicked)
        set_button_icon(button, icon_name)
        self._buttons[button] = icon_name
        return button

    def _show_facts(self, subject: Subject) -> None:
        row, info = subject.entry.row, subject.entry.info
        show = self.facts.show_fact
        notes = list(owner_sentences(subject.entry, sys.platform))
        if self._has_ended():
            notes.insert(0, _("This process has ended. Its last known details stay here."))
        elif not subject.is_open:
            notes.insert(0, _("This socket has closed. Its last known details stay here."))
        if still := describe_suspended(self._execution()):
            notes.insert(0, still)
        show("note", join_sentences(*notes))
        owner = row.key.owner
        name = info.name if info and info.name else "unknown"
        show("process", _("{name}, PID {pid}").format(name=name, pid=owner.pid) if owner else "")
        show("what", self._what_words(subject))
        show("started", self._started_words(owner.started_ms) if owner else "")
        show("user", user_of(row, info) or "")
        show("executable", (info.executable if info else None) or "")
        show("command_line", command_line_of(info) or "")
        details = self._details
        show("chain", describe_chain(details.chain) if details else "")
        show("holders", describe_holders(details.holders) if details else "")
        show("services", services_words(details) or join_list(row.services))

    def _has_ended(self) -> bool:
        details = self._details
        return details is not None and details.question.owner is not None and not details.is_running

    def _execution(self) -> Execution:
        return self._details.execution if self._details else Execution.UNKNOWN

    def _started_words(self, started_ms: int) -> str:
        if not started_ms:
            return ""
        moment = QDateTime.fromMSecsSinceEpoch(started_ms).toString("yyyy-MM-dd HH:mm:ss")
        duration = format_duration(self._describe().now_ms - started_ms)
        return _("{moment}, {duration} ago").format(moment=moment, duration=duration)

    def _on_read(self, question: OwnerQuestion, details: OwnerDetails) -> None:
        subject = self._subject
        if subject is None or question != _question_about(subject.entry):
            return
        before = (self._details is None, self._has_ended(), self._execution())
        self._details = details
        self._show_usage(details.usage)
        if before != (False, self._has_ended(), self._execution()):
            self._show_facts(subject)

    def _show_usage(self, usage: ProcessUsage | None) -> None:
        before, self._usage = self._usage, usage
        if usage is None:
            self.facts.show_fact("usage", "")
            return
        parts = []
        share = processor_share(before, usage) if before else None
        if share is not None:
            parts.append(_("{share} of one processor core").format(share=format_share(share)))
        if usage.memory_bytes is not None:
            parts.append(_("{size} of memory").format(size=format_size(usage.memory_bytes)))
        self.facts.show_fact("usage", join_list(parts))

    @Slot()
    def _on_copy_path(self) -> None:
        QGuiApplication.clipboard().setText(self.facts.text_of("executable"))
        self.notified.emit(_("Copied the path of the executable."))

    @Slot()
    def _on_copy_command(self) -> None:
        QGuiApplication.clipboard().setText(self.facts.text_of("command_line"))
        self.notified.emit(_("Copied the command line."))

    @Slot()
    def _on_open_folder(self) -> None:
        open_folder_of(self.facts.text_of("executable"), self._runner, self.notified.emit)


def _question_about(entry: SocketEntry) -> OwnerQuestion:
    return OwnerQuestion(entry.row.key.owner, entry.row.likely_holders)
