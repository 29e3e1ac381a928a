"""The upper part of the probe window: what to ask, whom, and how."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from portview.actions.port_destinations import PortDestinations
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.hosts import parse_typed_host
from portview.domain.user_input.parsing import format_duration, parse_count, parse_duration_ms
from portview.i18n import _
from portview.probes.bind import probe_bind
from portview.probes.http import MAX_REDIRECTS, Expectation, probe_http
from portview.probes.tcp import DEFAULT_TRIES, probe_tcp
from portview.probes.tls import probe_tls
from portview.probes.udp import DEFAULT_RETRIES, probe_udp
from portview.probes.udp_payloads import PAYLOADS
from portview.readers.port_ranges import read_port_ranges
from portview.ui.probing.probe_question import (
    ABOUT,
    EXAMPLES,
    TIMEOUTS_MS,
    ProbeKind,
    ProbeQuestion,
    carried_over,
    parse_for,
    parse_status,
)
from portview.ui.style.tokens import SPACE_L
from portview.ui.widgets.validated_field import MistakeLine, ValidatedField
from portview.ui.widgets.wrapped_label import mute, wrapped_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.domain.verdicts import Progress
    from portview.probes.bind_report import BindReport

    Report = Callable[[Progress], None]

_MOST_TRIES = 100
_NARROW = 110


class ProbeForm(QWidget):
    """Gives a question; each kind has options of its own and all share the target.

    ``target_row`` holds the target, with room behind it for the buttons that ask.
    """

    kind_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kinds = {kind: QRadioButton(kind) for kind in ProbeKind}
        self.kinds[ProbeKind.TCP].setChecked(True)
        self.target: ValidatedField[Any] = ValidatedField(_("Target"), parse_for(ProbeKind.TCP))
        self._about = wrapped_label(_("About this kind of probe"))
        self._timeouts = {kind: _timeout_field(kind) for kind in TIMEOUTS_MS}
        self._tries = _narrow(
            ValidatedField(
                _("Tries"), partial(parse_count, most=_MOST_TRIES), default=DEFAULT_TRIES
            )
        )
        self._tries.setPlaceholderText(str(DEFAULT_TRIES))
        self._retries = QComboBox()
        self._retries.addItems([str(number) for number in range(11)])
        self._retries.setCurrentIndex(DEFAULT_RETRIES)
        self._payload = QComboBox()
        self._payload.addItem(_("By the port"), None)
        for name in PAYLOADS:
            self._payload.addItem(name, name)
        self._status: ValidatedField[int] = _narrow(
            ValidatedField(_("Expected status"), parse_status)
        )
        self._status.setPlaceholderText(_("200 to 399"))
        self._body: ValidatedField[str] = ValidatedField(_("Expected text"), str, default="")
        self._body.setPlaceholderText(_("anything"))
        self._follows = QCheckBox(_("Follow &redirects"))
        self._follows.setChecked(True)
        self._checks = QCheckBox(_("Check the certi&ficate"))
        self._checks.setChecked(True)
        self._server_name: ValidatedField[str] = ValidatedField(
            _("Name to ask for"), parse_typed_host
        )
        self._server_name.setPlaceholderText(_("the host"))
        self._protocol = QComboBox()
        self._protocol.addItems(["TCP", "UDP"])
        self.target_row = QHBoxLayout()
        self._pages: dict[ProbeKind, QWidget] = {}
        self._mistake = MistakeLine(*self._fields())
        self._compose()
        for button in self.kinds.values():
            button.toggled.connect(self._on_toggled)
        self._on_kind_changed()

    @property
    def kind(self) -> ProbeKind:
        """Return the chosen kind."""
        return next(kind for kind, button in self.kinds.items() if button.isChecked())

    def choose(self, kind: ProbeKind, target: str, protocol: Protocol | None = None) -> None:
        """Fill in a kind and a target, and the protocol of a bind."""
        self.kinds[kind].setChecked(True)
        self.target.setText(target)
        if protocol is not None:
            self._protocol.setCurrentText(protocol.upper())

    def question(self) -> ProbeQuestion | None:
        """Return what is asked; None after going to the first field that is wrong."""
        value = self.target.demand()
        if value is None or not all(map(_is_right, self._fields_of(self.kind))):
            return None
        asks = {
            ProbeKind.TCP: self._tcp,
            ProbeKind.UDP: self._udp,
            ProbeKind.HTTP: self._http,
            ProbeKind.TLS: self._tls,
            ProbeKind.BIND: self._bind,
        }
        return ProbeQuestion(self.kind, self.target.text().strip(), asks[self.kind](value))

    def expectation(self) -> Expectation:
        """Return what an answer over HTTP has to be like."""
        body = self._body.text()
        status = self._status.value
        if status is None:
            return Expectation(body_text=body)
        return Expectation(status, status, body)

    def _tcp(self, target: Any) -> Callable[[CancelToken, Report], Any]:
        timeout_ms, tries = self._timeout_ms(), self._tries.value or DEFAULT_TRIES
        return lambda cancel, report: probe_tcp(
            target, timeout_ms=timeout_ms, tries=tries, cancel=cancel, report=report
        )

    def _udp(self, target: Any) -> Callable[[CancelToken, Report], Any]:
        timeout_ms, retries = self._timeout_ms(), self._retries.currentIndex()
        payload = PAYLOADS.get(self._payload.currentData())
        return lambda cancel, report: probe_udp(
            target,
            payload=payload,
            timeout_ms=timeout_ms,
            retries=retries,
            cancel=cancel,
            report=report,
        )

    def _http(self, url: Any) -> Callable[[CancelToken, Report], Any]:
        timeout_ms, expectation = self._timeout_ms(), self.expectation()
        max_redirects = MAX_REDIRECTS if self._follows.isChecked() else 0
        is_checked = self._checks.isChecked()
        return lambda cancel, report: probe_http(
            url,
            expectation=expectation,
            max_redirects=max_redirects,
            is_certificate_checked=is_checked,
            timeout_ms=timeout_ms,
            cancel=cancel,
            report=report,
        )

    def _tls(self, target: Any) -> Callable[[CancelToken, Report], Any]:
        timeout_ms, name = self._timeout_ms(), self._server_name.value
        return lambda cancel, report: probe_tls(
            target, server_name=name, timeout_ms=timeout_ms, cancel=cancel, report=report
        )

    def _bind(self, place: Any) -> Callable[[CancelToken, Report], Any]:
        address, port = place
        protocol = Protocol(self._protocol.currentText().lower())

        def bind(cancel: CancelToken, report: Report) -> BindReport:
            with closing(PortDestinations()) as destinations:
                return probe_bind(
                    port,
                    protocol=protocol,
                    address=address,
                    ranges=read_port_ranges(protocol),
                    destinations=destinations,
                    cancel=cancel,
                    report=report,
                )

        return bind

    def _timeout_ms(self) -> float:
        return self._timeouts[self.kind].value or TIMEOUTS_MS[self.kind]

    def _fields(self) -> list[ValidatedField[Any]]:
        return [
            self.target,
            *self._timeouts.values(),
            self._tries,
            self._status,
            self._body,
            self._server_name,
        ]

    def _fields_of(self, kind: ProbeKind) -> list[ValidatedField[Any]]:
        own = {
            ProbeKind.TCP: [self._tries],
            ProbeKind.HTTP: [self._status],
            ProbeKind.TLS: [self._server_name],
        }
        timeouts = [self._timeouts[kind]] if kind in self._timeouts else []
        return [*timeouts, *own.get(kind, [])]

    def _compose(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        kinds = QHBoxLayout()
        kinds.setSpacing(SPACE_L)
        for button in self.kinds.values():
            kinds.addWidget(button)
        kinds.addStretch()
        layout.addLayout(kinds)
        layout.addWidget(self._about)
        label = QLabel(_("&Target:"))
        label.setBuddy(self.target)
        self.target_row.addWidget(label)
        self.target_row.addWidget(self.target, 1)
        layout.addLayout(self.target_row)
        layout.addWidget(self._mistake)
        for kind, rows in self._option_rows().items():
            self._pages[kind] = _options_page(rows)
            layout.addWidget(self._pages[kind])

    def _option_rows(self) -> dict[ProbeKind, list[list[tuple[str, QWidget]]]]:
        wait = {kind: (_("Ti&meout:"), field) for kind, field in self._timeouts.items()}
        return {
            ProbeKind.TCP: [[wait[ProbeKind.TCP], (_("Tr&ies per address:"), self._tries)]],
            ProbeKind.UDP: [
                [
                    wait[ProbeKind.UDP],
                    (_("&Question:"), self._payload),
                    (_("R&epeat after silence:"), self._retries),
                ]
            ],
            ProbeKind.HTTP: [
                [
                    wait[ProbeKind.HTTP],
                    (_("E&xpected status:"), self._status),
                    ("an&d text:", self._body),
                ],
                [("", self._follows), ("", self._checks)],
            ],
            ProbeKind.TLS: [[wait[ProbeKind.TLS], (_("&Name to ask for:"), self._server_name)]],
            ProbeKind.BIND: [[(_("&Protocol:"), self._protocol)]],
        }

    @Slot(bool)
    def _on_toggled(self, is_on: bool) -> None:  # noqa: FBT001 - Qt's signal
        if is_on:
            self._on_kind_changed()

    def _on_kind_changed(self) -> None:
        kind = self.kind
        self.target.setPlaceholderText(EXAMPLES[kind])
        self.target.setText(carried_over(self.target.text(), kind))
        self.target.set_parse(parse_for(kind))
        self._about.setText(_(ABOUT[kind]))
        mute(self._about)
        for one, page in self._pages.items():
            page.setVisible(one is kind)
        self.kind_changed.emit(kind)


def _timeout_field(kind: ProbeKind) -> ValidatedField[int]:
    default_ms = round(TIMEOUTS_MS[kind])
    field = _narrow(ValidatedField(_("Timeout"), parse_duration_ms, default=default_ms))
    field.setPlaceholderText(format_duration(default_ms))
    return field


def _narrow(field: ValidatedField[Any]) -> ValidatedField[Any]:
    field.setMaximumWidth(_NARROW)
    return field


def _is_narrow(field: ValidatedField[Any]) -> bool:
    return field.maximumWidth() == _NARROW


def _is_right(field: ValidatedField[Any]) -> bool:
    if field.mistake is None:
        return True
    field.demand()
    return False


def _options_page(rows: list[list[tuple[str, QWidget]]]) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    for parts in rows:
        row = QHBoxLayout()
        row.setSpacing(8)
        for words, widget in parts:
            if words:
                label = QLabel(words)
                label.setBuddy(widget)
                row.addWidget(label)
            stretch = 1 if isinstance(widget, ValidatedField) and not _is_narrow(widget) else 0
            row.addWidget(widget, stretch)
        row.addStretch()
        layout.addLayout(row)
    return page
