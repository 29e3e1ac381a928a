"""Runs PortView with stand-ins for the system's programs: python FILE FOLDER ARGUMENTS..."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from portview.entry import main
    from portview.readers.system_tools import TOOL_FOLDERS, search_tools_in

    search_tools_in((sys.argv[1], *TOOL_FOLDERS))
    sys.exit(main(sys.argv[2:]))
