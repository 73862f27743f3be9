"""Why a release isn't made."""

from __future__ import annotations


class ReleaseRefused(Exception):
    """No release is made and nothing has changed; the message says why, and what would be right."""
