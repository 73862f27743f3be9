"""HTTP with what runs on this machine: nothing that the user has set for the network beyond it goes along."""

from __future__ import annotations

import requests


def session() -> requests.Session:
    """Asks no proxy, which would know nothing of this machine's own loopback, and sends no login of a `.netrc`."""
    made = requests.Session()
    made.trust_env = False
    return made
