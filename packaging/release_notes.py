"""Print one version's section of CHANGELOG.md: what a release says about itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"


def section(changelog: str, version: str) -> str:
    """Return the text below a version's heading, without the heading. Raises LookupError."""
    found = re.search(
        rf"^## \[?{re.escape(version)}(?![\w.])\]?[^\n]*\n(.*?)(?=^## |\Z)",
        changelog,
        re.MULTILINE | re.DOTALL,
    )
    if not version or found is None:
        raise LookupError(f"CHANGELOG.md has no section for {version}")
    return found.group(1).strip() + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(section(CHANGELOG.read_text(encoding="utf-8"), sys.argv[1]))
    except (IndexError, LookupError) as error:
        sys.exit(f"release_notes.py VERSION: {error}")
