"""Getting the Pulumi engine where it isn't installed.

`pulumi` on PATH is used as it is; otherwise the SDK's own installer is tried; where that can't reach its server, the
official engine is built from its Go module. What had to be got lies in `.local/engine/`, which git ignores.
"""
