"""A firewall in memory, whose changes go to a record of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.actions.firewall_rules import plan as firewall_plan
from portview.log import log_path
from portview.readers.local_subnets import LocalSubnet
from tests.fakes.firewall import FakeFirewall

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def own_record(own_folders: None) -> Iterator[None]:
    """Let the record go to the test's own folder, which the log's path remembers otherwise."""
    log_path.cache_clear()
    yield
    log_path.cache_clear()


@pytest.fixture
def firewall(monkeypatch: pytest.MonkeyPatch, own_record: None) -> FakeFirewall:
    """Give a firewall in memory, on a machine in one network."""
    subnet = LocalSubnet("192.0.2.0/24", ("192.0.2.1", "192.0.2.254"))
    monkeypatch.setattr(firewall_plan, "subnets_of_rules", lambda: (subnet,))
    return FakeFirewall()
