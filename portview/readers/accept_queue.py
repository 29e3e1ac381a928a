"""How many clients wait at a TCP listener until its program accepts them."""

from __future__ import annotations

import sys
from typing import NamedTuple

from portview.domain.errors import PortViewError
from portview.domain.facts import Fact, Known, Unreadable
from portview.i18n import _, without_full_stop


class AcceptQueue(NamedTuple):
    """Clients that wait at a listener, and how many may."""

    waiting: int
    limit: int

    @property
    def is_full(self) -> bool:
        """Return whether the kernel turns further clients away (``sk_acceptq_is_full``)."""
        return self.waiting > self.limit


def read_accept_queues(port: int) -> Fact[dict[str, AcceptQueue]]:
    """Return the queues of this machine's listeners on a TCP port by their local address.

    Only Linux reports. Any thread.
    """
    if sys.platform != "linux":
        return Unreadable(_("this system does not say how many clients wait"))
    from portview.readers.linux.accept_queues import read_listener_queues  # noqa: PLC0415

    try:
        queues = read_listener_queues(port)
    except PortViewError as error:
        return Unreadable(without_full_stop(error.message))
    return Known({address: AcceptQueue(*queue) for address, queue in queues.items()})
