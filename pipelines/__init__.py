"""GitOps: what a runner does with the stacks. `python3 -m pipelines preview|up|stacks`; README.md says how to set it up.

Standard library only: it runs on the runner's own Python, before anything is installed.
"""
