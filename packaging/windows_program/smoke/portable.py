"""The portable zip: unpacked anywhere, it keeps everything beside itself."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from windows_program.smoke.findings import FOREIGN_NAME, expect, told
from windows_program.smoke.traces import look
from windows_program.smoke.window import close, expect_no_errors, opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def check_portable(
    archive: Path, scratch: Path, environment: Mapping[str, str], *, every_name: bool
) -> None:
    """Unpack the zip, open the window and close it; expect nothing outside of its folder."""
    place = scratch / f"{FOREIGN_NAME} portable"
    with zipfile.ZipFile(archive) as content:
        content.extractall(place)
    folder = place / "PortView"
    # Without these the program would go to the profile if it took itself for installed.
    bare = {name: value for name, value in environment.items() if "PORTVIEW" not in name}
    before = look(every_name=every_name)
    with opened(folder / "PortView.exe", scratch / "portable.json", bare) as window:
        told(f"the portable PortView.exe shows its rows in {place.name!a}")
        expect(window.report["settings"] == str(folder / "data" / "settings.json"), "its settings")
        close(window.process)
    expect((folder / "data" / "settings.json").is_file(), "no settings are beside the program")
    expect_no_errors(folder / "data" / "portview.log")
    left = look(every_name=every_name).beyond(before)
    expect(not left, "the portable program left:\n" + "\n".join(left))
    told("its settings are beside it, and nothing is left on the computer")
