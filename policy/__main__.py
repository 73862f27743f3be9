"""The policy pack: the engine starts this folder for `--policy-pack policy`, and reads the port from the first line."""

import sys
from pathlib import Path

# The pack judges by the project's own rules of durations and services, which lie beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policy.pack import serve

if __name__ == "__main__":
    serve()
