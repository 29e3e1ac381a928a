"""What PortView.exe runs."""

import sys

from portview.__main__ import main

sys.exit(main())
