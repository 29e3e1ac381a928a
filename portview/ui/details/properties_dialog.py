"""Everything that is known about one socket and its process, in a window of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QPushButton, QVBoxLayout

from portview.actions.processes.file_properties import show_file_properties
from portview.domain.errors import PortViewError
from portview.domain.owners.owners import describe_owner
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Family, endpoint_text
from portview.engine.task_runner import Pool
from portview.i18n import _, join_sentences
from portview.readers.executable_folder import folder_of
from portview.ui.confirm.confirmation_view import plain_label
from portview.ui.details.facts_form import FactsForm
from portview.ui.details.owner_page import OwnerPage

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.domain.sockets.entry import SocketEntry
    from portview.engine.task_runner import TaskRunner
    from portview.ui.details.details_page import Subject
    from portview.ui.table.data_sources import DataSources

_FIRST_SIZE = (880, 540)
_LONGEST_NAME = 60
_FAMILIES = {Family.IPV4: "IPv4", Family.IPV6: "IPv6"}


class PropertiesDialog(QDialog):
    """Shows one subject until it is closed; the table can be used meanwhile.

    ``socket_chosen`` reports the key of another socket of the process, ``notified`` what happened.
    """

    socket_chosen = Signal(object)
    notified = Signal(str)

    def __init__(
        self, data_sources: DataSources, runner: TaskRunner, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self.subject: Subject | None = None
        self.heading = plain_label("", is_bold=True, scale=1.2)
        self.facts = FactsForm()
        add = self.facts.add_fact
        add("protocol", _("Protocol"), most_lines=1)
        add("local", _("Local end"), most_lines=1)
        add("remote", _("Remote end"), most_lines=1)
        add("state", _("State"), most_lines=1)
        add("opened", _("Opened"), most_lines=1)
        self.owner = OwnerPage(data_sources, runner)
        self.owner.socket_chosen.connect(self.socket_chosen)
        self.owner.notified.connect(self.notified)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.copy_button = QPushButton(_("&Copy all"))
        self.copy_button.setAutoDefault(False)
        self.copy_button.clicked.connect(self._on_copy)
        self.file_button = QPushButton(_("&File properties"), self)
        self.file_button.hide()  # A system without such a window never shows it.
        self.file_button.setAutoDefault(False)
        self.file_button.clicked.connect(self._on_file)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        if sys.platform == "win32":
            buttons.addButton(self.file_button, QDialogButtonBox.ButtonRole.ActionRole)
            self.file_button.show()
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        for widget in (self.heading, self.facts, line):
            layout.addWidget(widget)
        layout.addWidget(self.owner, 1)
        layout.addWidget(buttons)
        self.resize(*_FIRST_SIZE)

    def show_subject(self, subject: Subject) -> None:
        """Show what is known about a row now."""
        self.subject = subject
        entry = subject.entry
        name = inert(describe_owner(entry.row, entry.info), _LONGEST_NAME)
        pid = _(", PID {pid}").format(pid=entry.row.pid) if entry.row.pid is not None else ""
        self.heading.setText(f"{name}{pid}")
        self.setWindowTitle(
            _("Properties: {endpoint_text}").format(endpoint_text=endpoint_text(entry.row.local))
        )
        self._show_socket(entry)
        self.file_button.setEnabled(bool(entry.info and entry.info.executable))
        self.owner.show_subject(subject)

    def _show_socket(self, entry: SocketEntry) -> None:
        row, show = entry.row, self.facts.show_fact
        show(
            "protocol",
            _("{protocol} over {families}").format(
                protocol=row.protocol.value.upper(), families=_FAMILIES[row.key.family]
            ),
        )
        usually = f" ({entry.port_name})" if entry.port_name else ""
        show("local", f"{endpoint_text(row.local)}{usually}")
        show("remote", endpoint_text(row.remote))
        show("state", row.state.value if row.state else "")
        opened = row.opened_at_ms
        moment = QDateTime.fromMSecsSinceEpoch(opened) if opened else None
        show("opened", moment.toString("yyyy-MM-dd HH:mm:ss") if moment else "")

    @Slot()
    def _on_copy(self) -> None:
        lines = [self.heading.text(), *self.facts.lines(), *self.owner.facts.lines()]
        QGuiApplication.clipboard().setText("\n".join(lines))
        self.notified.emit(_("Copied the properties."))

    @Slot()
    def _on_file(self) -> None:
        info = self.subject.entry.info if self.subject else None
        path = info.executable if info else None
        if not path:
            return
        # A path on a network may take long; the window itself must come from this thread.
        self._runner.run(
            lambda _work: folder_of(path),
            pool=Pool.ACTIONS,
            on_done=lambda _folder: self._show_file(path),
            on_failed=self._refuse,
        )

    def _show_file(self, path: str) -> None:
        try:
            show_file_properties(path)
        except PortViewError as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, PortViewError):
            raise error
        self.notified.emit(join_sentences(error.message, error.hint))
