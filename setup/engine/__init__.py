"""Getting the Pulumi engine where it isn't installed, and making sure that it is the one that was pinned.

`pulumi` on PATH is used where it isn't older than the pin; otherwise the official release archive is fetched, whose checksum
`checksums.txt` pins; where it can't be had, the official engine is built from its Go module, which `go.sum` pins. What had to be got lies
in `.local/engine/`, which git ignores, with a record of its files that is compared before each use.
"""
