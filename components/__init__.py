"""From what the user writes to resources: spec, service catalogue, component, typed resource classes."""
