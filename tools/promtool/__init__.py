"""Prometheus' own promtool, built from its Go module: it tests cli/monitoring/alerts.yml where the engine was built as well."""
