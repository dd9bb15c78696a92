"""``python -m service``: the same as the command ``rollcall``."""

import sys

from service.cli import main

sys.exit(main())
