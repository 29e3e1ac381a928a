"""What portviewc.exe runs: commands only, so that it carries no Qt."""

import sys

from portview.entry import main

# A window is what PortView.exe is for.
sys.exit(main(sys.argv[1:] or ["--help"], has_window=False))
