"""Connect to a host as clients do: to the first of its addresses that accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import endpoint_text
from portview.domain.verdicts import Verdict, best_verdict
from portview.i18n import labelled
from portview.probes.connecting import connect
from portview.probes.deadline import Deadline
from portview.probes.resolve import UnresolvedError, resolve

if TYPE_CHECKING:
    import socket

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.socket_row import Endpoint
    from portview.domain.user_input.targets import Target


class NotConnectedError(Exception):
    """No address of a target accepted a connection."""

    def __init__(self, verdict: Verdict, detail: str, hint: str) -> None:
        """Keep the verdict nearest to an answer, and its explanation."""
        super().__init__(detail)
        # Whether a reset comes while connecting or while asking is chance.
        self.verdict = Verdict.FAILED if verdict is Verdict.HUNG_UP else verdict
        self.detail = detail
        self.hint = hint


def connect_first_open(
    target: Target, timeout_ms: float, cancel: CancelToken
) -> tuple[Endpoint, float, socket.socket]:
    """Return the address that accepted, the time this took, and the non-blocking socket.

    The caller closes it. ``timeout_ms`` is for everything: looking up the name, and the addresses,
    which get equal parts of what is left. Raises NotConnectedError, and Cancelled at once.
    """
    deadline = Deadline.after(timeout_ms)
    try:
        addresses = resolve(target.host, target.port, cancel, deadline)
    except UnresolvedError as error:
        raise NotConnectedError(Verdict.UNRESOLVED, error.message, error.hint) from error
    attempts = []
    for number, address in enumerate(addresses):
        share = deadline.share(len(addresses) - number)
        attempt, connection = connect(address, share.left_ms, cancel)
        if connection is not None:
            return address.endpoint, attempt.elapsed_ms, connection
        attempts.append((address.endpoint, attempt))
    best = best_verdict([attempt.verdict for _, attempt in attempts])
    endpoint, example = next(one for one in attempts if one[1].verdict is best)
    detail = labelled(endpoint_text(endpoint), example.detail)
    raise NotConnectedError(best, detail, example.hint)
