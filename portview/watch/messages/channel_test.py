"""The message that "Send a test" sends."""

from __future__ import annotations

import platform

from portview.i18n import _
from portview.watch.messages.grouping import MessageType
from portview.watch.messages.texts import Message


def make_test_message(channel: str) -> Message:
    """Return a test message for a channel; its name is all that it says of it."""
    host = platform.node()
    return Message(
        MessageType.INFO,
        _("[{host}] Test of PortView").format(host=host),
        _("Messages of the channel {channel} arrive here.").format(channel=channel),
    )
