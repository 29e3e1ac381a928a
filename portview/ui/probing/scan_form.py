"""The upper part of the scan window: which host, which ports, how fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel, QWidget

from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.hosts import parse_typed_host
from portview.domain.user_input.parsing import format_duration, parse_count, parse_duration_ms
from portview.i18n import N_, _
from portview.probes.scan import DEFAULT_SCAN_TIMEOUT_MS, ScanOptions
from portview.ui.probing.scan_ports import ALL, COMMON, WELL_KNOWN, parse_scan_ports
from portview.ui.widgets.validated_field import MistakeLine, ValidatedField

if TYPE_CHECKING:
    from portview.domain.sockets.port_names import PortNames

_MOST_PER_S = 100_000
_NARROW = 100
_PRESETS = (
    (N_("Common ports"), COMMON),
    (N_("1 to 1024"), WELL_KNOWN),
    (N_("All 65,535"), ALL),
)


@dataclass(frozen=True, slots=True)
class ScanQuestion:
    """A scan that was asked for; the host is not looked up yet."""

    host: str
    ports: tuple[int, ...]
    options: ScanOptions


class ScanForm(QWidget):
    """Gives a question, and keeps what was typed."""

    def __init__(self, names: PortNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = names
        self.host: ValidatedField[str] = ValidatedField(_("Host"), parse_typed_host)
        self.host.setPlaceholderText("localhost")
        self.ports: ValidatedField[tuple[int, ...]] = ValidatedField(
            _("Ports"), partial(parse_scan_ports, names=names)
        )
        self.ports.setPlaceholderText(_("common, all, or 1-1024,8080"))
        self.preset = QComboBox()
        self.preset.setAccessibleName(_("Usual choices of ports"))
        for words, ports in _PRESETS:
            self.preset.addItem(_(words), ports)
        self.preset.addItem(_("As typed"), None)
        self.preset.activated.connect(self._on_preset_chosen)
        self.ports.textChanged.connect(self._show_preset)
        self.rate: ValidatedField[int | None] = ValidatedField(
            _("Connections per second"), partial(parse_count, most=_MOST_PER_S)
        )
        self.rate.setPlaceholderText(_("no limit"))
        self.rate.setMaximumWidth(_NARROW)
        self.timeout: ValidatedField[int] = ValidatedField(
            _("Timeout"), parse_duration_ms, default=DEFAULT_SCAN_TIMEOUT_MS
        )
        self.timeout.setPlaceholderText(format_duration(DEFAULT_SCAN_TIMEOUT_MS))
        self.timeout.setMaximumWidth(_NARROW)
        self.banners = QCheckBox(_("Read &banners"))
        self.banners.setToolTip(_("Reads what servers say first, such as SSH and mail servers."))
        self._compose()

    def question(self) -> ScanQuestion | None:
        """Return what is asked; None after going to the first field that is wrong."""
        host, ports, timeout_ms = self.host.demand(), self.ports.demand(), self.timeout.demand()
        if self.rate.mistake:
            self.rate.demand()
            return None
        if host is None or ports is None or timeout_ms is None:
            return None
        names = self._names
        options = ScanOptions(
            timeout_ms=timeout_ms,
            rate_per_s=self.rate.value,
            wants_banner=self.banners.isChecked(),
            service_name=lambda port: names.name(Protocol.TCP, port),
        )
        return ScanQuestion(host, ports, options)

    def _compose(self) -> None:
        ports = QHBoxLayout()
        ports.addWidget(self.ports, 1)
        ports.addWidget(self.preset)
        speed = QHBoxLayout()
        speed.addWidget(self.rate)
        timeout = QLabel(_("Ti&meout per port:"))
        timeout.setBuddy(self.timeout)
        for widget in (timeout, self.timeout, self.banners):
            speed.addWidget(widget)
        speed.addStretch()
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow(_("&Host:"), self.host)
        layout.addRow(_("&Ports:"), ports)
        layout.addRow(_("At most per s&econd:"), speed)
        for row, field in ((ports, self.ports), (speed, self.rate)):
            label = layout.labelForField(row)
            if isinstance(label, QLabel):
                label.setBuddy(field)
        layout.addRow(MistakeLine(self.host, self.ports, self.rate, self.timeout))

    @Slot(int)
    def _on_preset_chosen(self, number: int) -> None:
        ports = self.preset.itemData(number)
        if ports is None:
            self.ports.setFocus()
            self.ports.selectAll()
        else:
            self.ports.setText(ports)

    @Slot()
    def _show_preset(self) -> None:
        found = self.preset.findData(self.ports.text().strip().lower())
        self.preset.setCurrentIndex(found if found >= 0 else self.preset.count() - 1)
