"""The official language host of YAML programs, built from its Go module: the tests run examples/ with it where the engine was built as well.

An installed Pulumi CLI brings its own. go.mod names the version that goes with the engine (setup/engine/places.py).
"""
