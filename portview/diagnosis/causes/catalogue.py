"""All causes, in the order in which they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.causes import (
    addresses,
    containers,
    exhaustion,
    holders,
    http_sys,
    leftovers,
    namespaces,
    nat,
    privileged,
    ranges,
    reach_addresses,
    reach_clients,
    reach_filters,
    reach_service,
    reach_windows,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from portview.diagnosis.facts import Facts
    from portview.diagnosis.finding import Finding

    Cause: TypeAlias = Callable[[Facts], Finding | None]

CAUSES_OF_THE_MACHINE: tuple[Cause, ...] = exhaustion.CAUSES
"""What can be asked without a port."""

ALL_CAUSES: tuple[Cause, ...] = (
    *holders.CAUSES,
    *containers.CAUSES,
    *http_sys.CAUSES,
    *leftovers.CAUSES,
    *ranges.CAUSES,
    *privileged.CAUSES,
    *addresses.CAUSES,
    *nat.CAUSES,
    *namespaces.CAUSES,
    *exhaustion.CAUSES,
    *reach_addresses.CAUSES,
    *reach_service.CAUSES,
    *reach_filters.CAUSES,
    *reach_windows.CAUSES,
    *reach_clients.CAUSES,
)
