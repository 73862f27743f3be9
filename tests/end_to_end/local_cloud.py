"""The local cloud, by its former name."""

from tests.support.local_cloud import LocalCloud

__all__ = ["LocalCloud"]
