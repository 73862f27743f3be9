"""`ApiKey`: a key that is issued, delivered, rotated and retired."""
