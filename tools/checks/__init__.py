"""Every check of the project, as `make test` runs them: format, lint, types, tests."""
