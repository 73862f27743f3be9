"""How long a stack takes, and how many calls it makes, by number of keys: `make bench`."""
