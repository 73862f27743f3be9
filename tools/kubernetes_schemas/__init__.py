"""The schemas by which a cluster takes the manifests of `yckeys consume`, as their makers publish them in Go modules."""
