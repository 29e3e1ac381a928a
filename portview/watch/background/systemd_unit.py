"""The unit file of the background process. Pure."""

# untranslated file: the content of a unit file
from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNIT_NAME = "portview.service"

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "%": "%%", "$": "$$"}
_PLAIN = re.compile(r"[\w./:=@+,-]+", re.ASCII)

_HARDENING = """\
# Only what repairs and the look at other users' processes do not need is taken away.
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=no
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
"""


def unit_text(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    of_user: bool = False,
    user: str = "",
) -> str:
    """Return the unit that runs ``command``; ``of_user`` for a user's own systemd."""
    variables = "".join(
        f"Environment={_quoted(f'{name}={value}', is_command=False)}\n"
        for name, value in environment.items()
    )
    account = f"User={user}\n" if user else ""
    # Without new privileges sudo would not work in repairs: a user's unit gets no seccomp filter.
    hardening = "" if of_user else _HARDENING
    return f"""\
[Unit]
Description=PortView: watches ports and remembers who listens
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={" ".join(_quoted(word) for word in command)}
{variables}{account}Restart=always
RestartSec=2
WatchdogSec=60
TimeoutStopSec=5
# What a repair has started continues when PortView ends.
KillMode=process
{hardening}
[Install]
WantedBy={"default.target" if of_user else "multi-user.target"}
"""


def _quoted(word: str, *, is_command: bool = True) -> str:
    """Quote a word as systemd.syntax(7) has it; only a command has variables to keep from."""
    if _PLAIN.fullmatch(word):
        return word
    escapes = _ESCAPES if is_command else {**_ESCAPES, "$": "$"}
    return '"' + "".join(escapes.get(character, character) for character in word) + '"'
