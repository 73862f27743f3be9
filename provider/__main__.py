"""The plugin's entry: the engine starts this folder with its own address and reads the port from the first line of
stdout."""

import gc
import sys

# What is loaded stays: looking for garbage among it takes a tenth of the start, and as much of each later look.
gc.disable()

from yandex_keys import sdk_internals  # noqa: E402, F401  (before the first import of pulumi; its docstring says why)
from yandex_keys.server import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main(sys.argv[1:])
