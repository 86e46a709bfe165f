"""`python -m agent.cli` is `heatpump-agent`."""

import sys

from agent.cli.main import main

sys.exit(main())
