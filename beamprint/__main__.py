"""``python -m beamprint``: the same as the console script."""

import sys

from beamprint.runners.console import main

if __name__ == "__main__":
    sys.exit(main())
