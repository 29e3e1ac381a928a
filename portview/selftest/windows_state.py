"""What Windows reports of services, threads, the firewall and the way to an elevated helper."""

from __future__ import annotations

import ctypes
import json
import os
from collections import Counter
from ctypes import wintypes
from typing import TYPE_CHECKING, Any

from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.domain.facts import Known
from portview.domain.sockets.socket_row import Protocol

if TYPE_CHECKING:
    from portview.selftest.redaction import Redactor

_MOST_TAGS = 20


def read_services(_redactor: Redactor) -> dict[str, Any]:
    """Return how many services are listed and how many report their settings; names by tag."""
    from portview.actions.service_control.windows_api import (  # noqa: PLC0415 - Windows only
        LARGEST_CONFIG,
        SERVICE_QUERY_CONFIG,
        check,
        code_of,
        open_service,
        service_api,
    )
    from portview.readers.windows.advapi32 import ServiceManager  # noqa: PLC0415 - likewise

    manager = ServiceManager()
    services = manager.services()
    codes: Counter[int] = Counter()
    largest = 0
    buffer, needed = ctypes.create_string_buffer(LARGEST_CONFIG), wintypes.DWORD()
    for service in services:
        try:
            with open_service(service.name, SERVICE_QUERY_CONFIG) as handle:
                size = ctypes.byref(needed)
                check(service_api().config(handle, buffer, LARGEST_CONFIG, size))
                codes[0] += 1
                largest = max(largest, needed.value)
        except OSError as error:
            codes[code_of(error)] += 1
    states = Counter(one.state.name if one.state else "unknown" for one in services)
    return {
        "listed": len(services),
        "states": dict(sorted(states.items())),
        "largest_config": largest,
        "config_by_error": {str(code): count for code, count in sorted(codes.items())},
        "with_process": sum(service.pid is not None for service in services),
        "tags": _tags(manager),
    }


def read_threads(_redactor: Redactor) -> dict[str, Any]:
    """Return the suspend counts of PortView's own threads: all 0."""
    from portview.readers.windows.threads import suspend_counts  # noqa: PLC0415 - Windows only

    return {"suspend_counts": suspend_counts(os.getpid())}


def read_firewall(_redactor: Redactor) -> dict[str, Any]:
    """Return which profiles are active, what other firewall is in charge, and how many rules."""
    from portview.firewall.windows.active_profile import active_profiles  # noqa: PLC0415
    from portview.firewall.windows.other_products import products_in_charge  # noqa: PLC0415
    from portview.firewall.windows.registry import FirewallRegistry  # noqa: PLC0415
    from portview.firewall.windows.service_state import is_service_running  # noqa: PLC0415

    registry = FirewallRegistry()
    try:
        policy = registry.read()
    finally:
        registry.close()
    products = products_in_charge()
    return {
        "profiles": sorted(profile.value for profile in active_profiles()),
        "service": _fact(is_service_running()),
        "other_products": list(products.value) if isinstance(products, Known) else _fact(products),
        "rules": None if policy is None else len(policy.rules),
    }


def read_helper(_redactor: Redactor) -> dict[str, Any]:
    """Start the helper without other rights and hear its answer through the pipe."""
    from portview.actions.elevation.uac import ask_windows  # noqa: PLC0415 - Windows only

    # A port that nobody has: the one operation that only reads.
    request = ElevatedRequest(ElevatedOperation.HOLDERS, protocol=Protocol.TCP, port=1)
    answer = json.loads(ask_windows(request.arguments(), verb="open"))
    return {"outcome": answer.get("outcome"), "keys": sorted(answer)}


def _tags(manager: Any) -> dict[str, Any]:
    """Ask the service of each tag in the table, and return how many were reported."""
    from portview.readers.windows.iphlpapi import SocketTables  # noqa: PLC0415 - Windows only
    from portview.readers.windows.socket_tables import TCP4, decode_row  # noqa: PLC0415

    rows = [decode_row(raw, TCP4) for raw in SocketTables().read(TCP4)]
    tagged = list({(row.pid, row.service_tag) for row in rows if row.service_tag})
    names = [manager.name_of_tag(pid, tag) for pid, tag in tagged[:_MOST_TAGS]]
    return {"seen": len(tagged), "asked": len(names), "named": sum(bool(name) for name in names)}


def _fact(fact: Any) -> Any:
    if isinstance(fact, Known):
        return fact.value
    return type(fact).__name__.lower()
