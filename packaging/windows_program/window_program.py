"""What PortView.exe runs."""

import sys

from portview.entry import main

sys.exit(main())
