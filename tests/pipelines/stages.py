"""Stages as tests of several stacks have them: three in a row, with a rest before the second."""

STAGED = """
[[stages]]
name = "dev"
stacks = ["*-dev"]
[[stages]]
name = "soak"
stacks = ["*-soak"]
pause = "30m"
[[stages]]
name = "prod"
stacks = ["*-prod"]
"""
