"""Services of Windows, as its service control manager runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.domain.facts import ABSENT, Known, known_or
from portview.domain.owners.service import ServiceState
from portview.readers.process_identity import ProcessKey, process_key
from portview.readers.services import WindowsServices, open_services
from portview.readers.windows.advapi32 import ServiceManager
from portview.readers.windows.sockets import IphlpapiSocketReader

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.windows_only("asks the service control manager")


def test_services_are_listed_with_state_and_process() -> None:
    services = {service.name: service for service in ServiceManager().services()}
    assert len(services) > 5
    running = [s for s in services.values() if s.state is ServiceState.RUNNING]
    assert running
    for service in services.values():
        assert service.display_name
        assert service.pid is None or service.state is not ServiceState.STOPPED
    assert services["RpcSs"].pid is not None


def test_a_process_is_asked_for_its_services() -> None:
    services = open_services()
    assert isinstance(services, WindowsServices)
    for service in ServiceManager().services():
        if service.pid is None:
            continue
        key = process_key(service.pid)
        assert isinstance(key, ProcessKey)
        assert service.name in known_or(services.names_of(key), ())
    this = process_key(os.getpid())
    assert isinstance(this, ProcessKey)
    assert services.names_of(this) == ABSENT
    assert services.display_name("RpcSs") not in {"", "RpcSs"}


def test_a_tag_that_nobody_has_names_no_service() -> None:
    rpc = next(s for s in ServiceManager().services() if s.name == "RpcSs")
    assert rpc.pid is not None
    key = process_key(rpc.pid)
    assert isinstance(key, ProcessKey)
    assert "RpcSs" in known_or(WindowsServices().names_of_tag(key, 0xFFFF_FFF0), ())


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Let the service control manager run a service that listens; give its name and port."""
    name = f"PortViewTest{os.getpid()}"
    port_file = tmp_path / "port"
    script = Path(__file__).with_name("windows_service.py")
    command = f'"{sys.executable}" "{script}" {name} "{port_file}"'
    created = sc("create", name, "binPath=", command, "DisplayName=", "PortView's test service")
    if created.returncode:
        pytest.skip(f"this user may not create services: {created.stdout.strip()}")
    try:
        assert sc("start", name).returncode == 0
        deadline = time.monotonic() + 30
        while not port_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        yield name, int(port_file.read_text("utf-8"))
    finally:
        sc("stop", name)
        sc("delete", name)


def sc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sc.exe", *arguments],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_services_socket_names_the_service(own_service: tuple[str, int]) -> None:
    name, port = own_service
    reader = IphlpapiSocketReader()
    (row,) = [row for row in reader.read().rows if row.local.port == port]
    assert row.services == (name,)
    assert row.owner is not None
    services = open_services()
    assert services.names_of(row.owner) == Known((name,))
    assert services.display_name(name) == "PortView's test service"


def test_a_service_that_starts_later_is_found_by_a_reader_that_ran_before(
    request: pytest.FixtureRequest,
) -> None:
    reader = IphlpapiSocketReader()
    reader.read()
    name, port = request.getfixturevalue("own_service")
    (row,) = [row for row in reader.read().rows if row.local.port == port]
    assert row.services == (name,)
