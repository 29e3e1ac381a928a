"""Services of Windows, as its service control manager runs them."""

from __future__ import annotations

import os

import pytest

from portview.domain.services import ServiceState
from portview.readers.process_identity import ProcessKey, process_key
from portview.readers.services import WindowsServices, open_services
from portview.readers.windows.advapi32 import ServiceManager

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
        assert service.name in services.names_of(key)
    this = process_key(os.getpid())
    assert isinstance(this, ProcessKey)
    assert services.names_of(this) == ()
    assert services.display_name("RpcSs") not in {"", "RpcSs"}


def test_a_tag_that_nobody_has_names_no_service() -> None:
    rpc = next(s for s in ServiceManager().services() if s.name == "RpcSs")
    assert rpc.pid is not None
    key = process_key(rpc.pid)
    assert isinstance(key, ProcessKey)
    assert "RpcSs" in WindowsServices().names_of_tag(key, 0xFFFF_FFF0)
