"""Sends messages through Apprise. Its URL is secret: only its scheme is logged or named.

Loaded where messages are sent, and nowhere else.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from typing import TYPE_CHECKING, Any

from portview.i18n import _
from portview.override import override
from portview.watch.messages.handing_over import announcing
from portview.watch.messages.texts import cut_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.watch.messages.texts import Message
    from portview.watch.rules.model import Channel

_ENVIRONMENT, _KEYRING = "env:", "keyring:"
KEYRING_SERVICE = "PortView"
_MOST_BYTES = {
    "wecombot": 2000,
    "dingtalk": 18_000,
    "feishu": 18_000,
    "lark": 18_000,
    "tgram": 4000,
    "ntfy": 4000,
    "ntfys": 4000,
    "discord": 1900,
    "slack": 30_000,
    "msteams": 18_000,
    "mailto": 60_000,
    "mailtos": 60_000,
    "json": 30_000,
    "jsons": 30_000,
}
"""What a service takes of one message, less its title."""
_USUAL_MOST_BYTES = 3500
_STATUS = re.compile(r"error\s*=\s*(\d{3})")


class ChannelSecretError(Exception):
    """The URL of a channel can't be had; the text says why and holds no part of it."""


def channel_kind(channel: Channel) -> str:
    """Return what may be shown of a channel: the scheme, or where its URL is kept."""
    if channel.url.startswith((_ENVIRONMENT, _KEYRING)):
        return channel.url.partition(":")[0]
    scheme, separator, _rest = channel.url.partition("://")
    return scheme.lower() if separator and scheme.isascii() and scheme.isalnum() else "?"


def secret_url(channel: Channel) -> str:
    """Return a channel's URL. Raises ChannelSecretError."""
    url = channel.url
    if url.startswith(_ENVIRONMENT):
        name = url.removeprefix(_ENVIRONMENT)
        found = os.environ.get(name)
        if not found:
            raise ChannelSecretError(
                _("The environment variable {name} is not set.").format(name=name)
            )
        return found
    if url.startswith(_KEYRING):
        return _of_keyring(url.removeprefix(_KEYRING))
    return url


def _of_keyring(name: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - slow to load

        found = keyring.get_password(KEYRING_SERVICE, name)
    except Exception as error:  # backends raise what they like, and their texts may be secret
        text = _("The system's keyring can't be read: {reason}.")
        raise ChannelSecretError(text.format(reason=type(error).__name__)) from error
    if not found:
        text = _("The system's keyring has no entry {name} of {service}.")
        raise ChannelSecretError(text.format(name=name, service=KEYRING_SERVICE))
    return found


class AppriseChannel:
    """One channel. For one thread."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._loaded: Any = None
        self._most_bytes = _USUAL_MOST_BYTES

    def send(self, message: Message, handing_over: Callable[[], None] | None = None) -> str:
        """Send a message; return "" where it was taken, else why not. Never raises.

        ``handing_over`` is called once right before its bytes leave.
        """
        try:
            service = self._service()
        except ChannelSecretError as error:
            return str(error)
        failures = _FailureLog()
        try:
            with failures, announcing(handing_over or _announce_nothing):
                title = cut_to_bytes(message.title, 200)
                was_taken = service.notify(
                    title=title,
                    body=cut_to_bytes(message.body, self._most_bytes),
                    notify_type=message.type.value,
                    body_format="text",
                )
        except Exception as error:  # noqa: BLE001 - plug-ins of Apprise raise what they like
            # Its text may hold the URL.
            return _("It could not be sent: {error}.").format(error=type(error).__name__)
        if was_taken:
            return ""
        if failures.status:
            return _("The server answered with status {status}.").format(status=failures.status)
        return _("The server was not reached or did not take the message.")

    def _service(self) -> Any:
        if self._loaded is None:
            url = secret_url(self._channel)
            import apprise  # noqa: PLC0415 - slow to load, and for channels alone

            _keep_secrets_out_of_the_log()
            # On this thread: its time is bounded by the timeouts of its sockets, and a pool would
            # have to be waited for at the end of the program.
            asset = apprise.AppriseAsset(app_id="PortView", async_mode=False, service_timeout=0)
            service = apprise.Apprise(asset=asset)
            if not service.add(url):
                raise ChannelSecretError(_("Apprise does not know this kind of URL."))
            scheme = url.partition("://")[0].lower()
            self._most_bytes = _MOST_BYTES.get(scheme, _USUAL_MOST_BYTES)
            self._loaded = service
        return self._loaded


def _announce_nothing() -> None:
    """Stand in where nobody asks."""


class _FailureLog(logging.Handler):
    """Hears of Apprise, on this thread, the status that a server answered with; keeps no text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.status = ""
        self._thread = threading.get_ident()

    def __enter__(self) -> None:
        logging.getLogger("apprise").addHandler(self)

    def __exit__(self, *_error: object) -> None:
        logging.getLogger("apprise").removeHandler(self)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and (found := _STATUS.search(record.getMessage())):
            self.status = found[1]


def _keep_secrets_out_of_the_log() -> None:
    """Keep what others log about a message, URLs among it, from every log."""
    for name in ("apprise", "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    logging.getLogger("apprise").setLevel(logging.WARNING)
