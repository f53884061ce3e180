"""``python -m galaxy_explorer``: the command line."""

import sys

from galaxy_explorer.cli import main

if __name__ == "__main__":
    sys.exit(main())
