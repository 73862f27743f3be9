"""A small Python language host for the Pulumi engine.

The official `pulumi-language-python` comes with the official CLI only. Where the engine had to be built from its Go
module, this one stands in for it; `setup.engine` puts a wrapper of that name beside that engine and nowhere else.
"""
