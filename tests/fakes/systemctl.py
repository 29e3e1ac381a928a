"""Stands in for ``systemctl`` where no systemd runs: units in one JSON file, real processes.

The file, named by FAKE_SYSTEMD, maps a unit to its properties; "MainPID" is a process of the test.
What it was called with is appended to "calls". A unit with "denied" refuses like polkit does, one
with "unreadable" can't be queried for that reason.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path


def main(arguments: list[str]) -> int:
    path = Path(os.environ["FAKE_SYSTEMD"])
    state = json.loads(path.read_text("utf-8"))
    words = [word for word in arguments if not word.startswith("--") or word == "--"]
    verb, separator, name = words[0], words[1], words[-1]
    assert separator == "--"
    state["calls"].append(arguments)
    unit = state["units"].get(name)
    if verb == "show" and unit and unit.get("unreadable"):
        sys.stderr.write(f"{unit['unreadable']}\n")
        return 1
    if verb == "show":
        values = {"LoadState": "not-found"} if unit is None else {"LoadState": "loaded", **unit}
        for key, value in values.items():
            sys.stdout.write(f"{key}={value}\n")
        path.write_text(json.dumps(state), "utf-8")
        return 0
    if unit.get("denied"):
        sys.stderr.write(f"Failed to {verb} {name}: Interactive authentication required.\n")
        return 1
    if verb == "stop":
        end(int(unit["MainPID"]))
        unit.update(ActiveState="inactive", MainPID="0")
    else:
        unit["ActiveState"] = "active"
    path.write_text(json.dumps(state), "utf-8")
    return 0


def end(pid: int) -> None:
    if pid <= 1:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        state = ""
        with suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        if state in {"", "Z"}:
            return
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
