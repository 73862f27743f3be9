"""Known vulnerabilities of what is pinned: `python -m tools.advisories`, or `make advisories`."""
