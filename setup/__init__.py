"""From a clone and a system's Python to what the project runs on: the virtual environment, the engine and the language host.

For `make` and for pipelines, which set up alike. Standard library only, since nothing is installed before it has run; but for
`language_host`, which runs in the environment. With it is what both say and hold meanwhile: progress, file locks, processes, JSON files.
"""
