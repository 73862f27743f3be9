"""The plugin's entry: the engine starts this folder with its own address and reads the port from the first line of stdout."""

import sys

from yandex_keys import sdk_internals  # noqa: F401  (before the first import of pulumi; its docstring says why)
from yandex_keys.server import main

if __name__ == "__main__":
    main(sys.argv[1:])
