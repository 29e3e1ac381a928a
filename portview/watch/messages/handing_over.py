"""Reports the moment in which a message begins to leave this process.

Who is killed before it has sent nothing; who is killed after it has most likely sent everything.
Between the two a message would be lost or sent twice. Apprise hands its requests to http.client
and smtplib and reports nobody when, so these two are wrapped, once; the wrapper does something only
on a thread that asked for it.
"""

from __future__ import annotations

import http.client
import smtplib
import threading
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_asked = threading.local()
_lock = threading.Lock()
_is_installed: list[bool] = []


@contextmanager
def announcing(handing_over: Callable[[], None]) -> Iterator[None]:
    """Call ``handing_over`` once, on this thread, before the block sends a message's bytes."""
    _install()
    _asked.notify = handing_over
    try:
        yield
    finally:
        _asked.notify = None


def _install() -> None:
    with _lock:
        if _is_installed:
            return
        _is_installed.append(True)
        http.client.HTTPConnection.send = _announced_before(  # type: ignore[method-assign]
            http.client.HTTPConnection.send
        )
        smtplib.SMTP.data = _announced_before(smtplib.SMTP.data)  # type: ignore[method-assign]


def _announced_before(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def call(*values: Any, **named: Any) -> Any:
        notify, _asked.notify = getattr(_asked, "notify", None), None
        if notify is not None:
            notify()
        return original(*values, **named)

    return call
