"""The system's firewall programs: found where administrators have them, run without a shell."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from portview.i18n import _
from portview.readers.bounded_program import run_bounded
from portview.readers.system_tools import tool_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_S = 20.0


class Done(NamedTuple):
    """What a program answered. ``code`` is None where it could not be run or did not end."""

    code: int | None
    output: str
    error: str

    @property
    def is_refused(self) -> bool:
        """Return whether it failed for want of rights."""
        words = (
            "operation not permitted",  # untranslated: what the tools print
            "permission denied",  # untranslated: what the tools print
            "must be root",  # untranslated: what the tools print
            "need to be root",  # untranslated: what the tools print
        )
        text = f"{self.error} {self.output}".lower()
        return self.code != 0 and any(word in text for word in words)


def run_tool(arguments: Sequence[str], timeout_s: float = _TIMEOUT_S) -> Done:
    """Run a program to its end, in English. Never raises."""
    try:
        done = run_bounded(
            arguments,
            timeout_s=timeout_s,
            env=tool_environment(LC_ALL="C", LANGUAGE="C"),
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        return Done(
            None, "", _("it did not end within {timeout_s:.0f} s").format(timeout_s=timeout_s)
        )
    except OSError as error:
        return Done(None, "", error.strerror or str(error))
    return Done(
        done.code,
        done.output.decode("utf-8", "replace"),
        done.error.decode("utf-8", "replace").strip(),
    )
