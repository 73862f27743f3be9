"""What others made and nobody serves in a form that we may install: kept here as it was published, by its hash."""
