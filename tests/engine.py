"""The real `pulumi`, by its former name."""

from tests.support.pulumi import engine, engine_environment, run_pulumi

__all__ = ["engine", "engine_environment", "run_pulumi"]
