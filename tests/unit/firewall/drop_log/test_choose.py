"""Each system's own log is asked for what was dropped, or the reason is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.domain.errors import PortViewError
from portview.domain.firewall import FirewallStatus
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.drop_log.choose import recent_drops

if TYPE_CHECKING:
    from pathlib import Path

UNLOGGED = FirewallStatus("windows", is_on=True, summary="On.")


@pytest.mark.linux_only("the kernel's log is that of Linux")
def test_linux_reads_what_the_kernel_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "kern.log"
    line = (
        "2026-01-31T13:45:07+00:00 host kernel: [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.9 "
        "DST=192.0.2.1 LEN=60 PROTO=TCP SPT=51000 DPT={port} SYN\n"
    )
    log.write_text(line.format(port=80) + line.format(port=81), encoding="utf-8")
    monkeypatch.setattr("portview.firewall.drop_log.linux.LOG_FILES", (log,))
    monkeypatch.setattr("portview.firewall.drop_log.linux._JOURNAL", ("no-such-journal",))
    (packet,) = recent_drops(UNLOGGED, 80, Protocol.TCP)
    assert (packet.source, packet.source_port, packet.port) == ("192.0.2.9", 51_000, 80)
    assert recent_drops(UNLOGGED, 82, Protocol.TCP) == ()


@pytest.mark.windows_only("the log is that of Windows' firewall")
def test_windows_reads_the_file_that_its_settings_name(tmp_path: Path) -> None:
    log = tmp_path / "pfirewall.log"
    log.write_text(
        "2026-01-31 13:45:07 DROP TCP 192.0.2.9 192.0.2.1 51000 80 60 S 1 0 64240 - - - RECEIVE\n",
        encoding="utf-8",
    )
    logged = FirewallStatus("windows", is_on=True, summary="On.", drop_log=str(log))
    (packet,) = recent_drops(logged, 80, Protocol.TCP)
    assert (packet.source, packet.source_port, packet.port) == ("192.0.2.9", 51_000, 80)


@pytest.mark.windows_only("the log is that of Windows' firewall")
def test_windows_that_logs_nothing_says_how_it_would() -> None:
    with pytest.raises(PortViewError, match="does not log") as refusal:
        recent_drops(UNLOGGED, 80, Protocol.TCP)
    assert "netsh advfirewall set currentprofile logging" in refusal.value.hint
