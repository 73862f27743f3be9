"""A release: `python -m tools.release VERSION`, or `make release VERSION=x.y.z`."""
