"""What a fix does when it is carried out: plain data, for whoever has the actions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Protocol

if TYPE_CHECKING:
    from portview.actions.specs.setting import SettingChange
    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.socket_row import Endpoint


class RemediationKind(StrEnum):
    """Which action carries a fix out."""

    FREE_PORT = "free_port"
    END_PROCESS = "end_process"
    STOP_SERVICE = "stop_service"
    RESUME_PROCESS = "resume_process"
    CLOSE_CONNECTION = "close_connection"
    ALLOW_IN_FIREWALL = "allow_in_firewall"
    CHANGE_SETTING = "change_setting"
    PICK_PORT = "pick_port"


@dataclass(frozen=True, slots=True)
class Remediation:
    """One act with all it needs; which fields are set follows from ``kind``."""

    kind: RemediationKind
    port: int = 0
    protocol: Protocol = Protocol.TCP
    address: str | None = None
    process: ProcessKey | None = None
    service: str = ""
    local: Endpoint | None = None
    remote: Endpoint | None = None
    change: SettingChange | None = None
