"""``python -m provisioning.simulator``."""

import sys

from provisioning.simulator.cli import main

sys.exit(main())
