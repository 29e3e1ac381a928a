"""A machine with a cable, and PortView on it, for all situations of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.netns import joined_machines
from tests.system.diagnosis.situations import AS_NOBODY, Asker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.netns import Namespace


@pytest.fixture(scope="module")
def machines() -> Iterator[tuple[Namespace, Namespace]]:
    with joined_machines() as both:
        yield both


@pytest.fixture(scope="module")
def machine(machines: tuple[Namespace, Namespace]) -> Namespace:
    return machines[0]


@pytest.fixture(scope="module")
def portview(machine: Namespace) -> Iterator[Asker]:
    asker = Asker(machine)
    yield asker
    asker.close()


@pytest.fixture(scope="module")
def as_nobody(machine: Namespace) -> Iterator[Asker]:
    asker = Asker(machine, AS_NOBODY)
    yield asker
    asker.close()
