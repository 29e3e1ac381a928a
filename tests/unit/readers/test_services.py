"""Services of a process: from control groups, and from a service manager that is asked rarely."""

from __future__ import annotations

import os
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import PortViewError
from portview.domain.facts import ABSENT, Known, Unreadable
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.readers.services import SystemdServices, WindowsServices, units_of_cgroups
from portview.readers.windows.sockets import IphlpapiSocketReader
from tests.fakes.windows import FakeServiceManager

SHARED = ProcessKey(900, 1_000)
SERVICES = (
    Service("Dnscache", "DNS Client", ServiceState.RUNNING, 900),
    Service("BFE", "Base Filtering Engine", ServiceState.RUNNING, 900),
    Service("Spooler", "Print Spooler", ServiceState.STOPPED, None),
    Service("W32Time", "Windows Time", ServiceState.RUNNING, 901),
)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("0::/system.slice/nginx.service\n", ("nginx.service",)),
        ("0::/system.slice/system-getty.slice/getty@tty1.service\n", ("getty@tty1.service",)),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service\n",
         ("sync.service",)),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-a.scope\n", ()),
        ("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", ()),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", ()),
        ("0::/system.slice/docker-0123abcd.scope\n", ()),
        ("0::/system.slice/web.service/worker\n", ("web.service",)),
        ("0::/system.slice/my\\x2dapp.service\n", ("my\\x2dapp.service",)),
        ("12:pids:/system.slice/a.service\n1:name=systemd:/system.slice/a.service\n",
         ("a.service",)),
        ("0::/\n", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_the_unit_of_a_process(text: str, units: tuple[str, ...]) -> None:
    assert units_of_cgroups(text) == units


@given(st.text())
def test_any_text_gives_units_or_none(text: str) -> None:
    assert all(unit.endswith(".service") for unit in units_of_cgroups(text))


@pytest.mark.linux_only("reads /proc")
def test_a_process_that_has_gone_has_no_service() -> None:
    assert SystemdServices().names_of(ProcessKey(2**22 + 1, 0)) == ABSENT


@pytest.mark.linux_only("reads /proc")
def test_a_program_sits_where_its_parent_put_it() -> None:
    services = SystemdServices()
    own, parent = ProcessKey(os.getpid(), 0), ProcessKey(os.getppid(), 0)
    assert services.names_of(own) == services.names_of(parent)


def test_a_tag_tells_the_services_of_one_process_apart() -> None:
    services = WindowsServices(FakeServiceManager(*SERVICES, tags={(900, 7): "Dnscache"}))
    assert services.names_of_tag(SHARED, 7) == Known(("Dnscache",))
    assert services.names_of_tag(SHARED, 8) == Known(("BFE", "Dnscache")), (
        "an unknown tag tells nothing"
    )
    assert services.names_of_tag(SHARED, 0) == Known(("BFE", "Dnscache"))
    assert services.names_of_tag(ProcessKey(902, 1_000), 7) == ABSENT


def test_the_manager_is_asked_again_only_for_a_process_that_came_later() -> None:
    manager = FakeServiceManager(*SERVICES)
    services = WindowsServices(manager)
    for _ in range(5):
        assert services.names_of(SHARED) == Known(("BFE", "Dnscache"))
        assert services.names_of(ProcessKey(555, 2_000)) == ABSENT
    assert manager.readings == 1
    manager.listed.append(Service("New", "New one", ServiceState.RUNNING, 777))
    later = ProcessKey(777, time.time_ns() // 1_000_000 + 10_000)
    assert services.names_of(later) == Known(("New",))
    assert services.display_name("New") == "New one"
    assert manager.readings == 2


def test_a_service_is_called_by_its_display_name() -> None:
    services = WindowsServices(FakeServiceManager(*SERVICES))
    assert services.display_name("Spooler") == "Print Spooler"
    assert services.display_name("NoSuch") == "NoSuch"


def test_a_manager_that_refuses_leaves_services_unknown() -> None:
    manager = FakeServiceManager(*SERVICES)
    manager.error = PermissionError(13, "no")
    services = WindowsServices(manager)
    assert isinstance(services.names_of(SHARED), Unreadable), "not the same as none"
    assert isinstance(services.names_of_tag(SHARED, 7), Unreadable)
    assert services.display_name("Spooler") == "Spooler"
    manager.error = None
    later = ProcessKey(777, time.time_ns() // 1_000_000 + 10_000)
    assert services.names_of(later) == ABSENT, "it answers again"


@pytest.mark.skipif(sys.platform == "win32", reason="there the libraries are at hand")
def test_elsewhere_windows_can_be_asked_nothing() -> None:
    with pytest.raises(OSError, match="part of Windows"):
        WindowsServices()
    with pytest.raises(PortViewError, match="part of Windows"):
        IphlpapiSocketReader()
