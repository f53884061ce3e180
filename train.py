"""Train a network on the Galaxy Zoo 2 scores; the same as ``galaxy-explorer train``.

python train.py --data DIR --model densenet --out weights/densenet.pt --work runs/densenet
torchrun --nproc-per-node 8 train.py …            the same on eight devices
"""

import sys

from galaxy_explorer.training.cli import main

if __name__ == "__main__":
    sys.exit(main())
