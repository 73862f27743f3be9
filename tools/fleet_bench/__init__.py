"""`make bench-fleet`: many stacks on several local clouds, brought up by the pipelines' script."""
