"""What consumers of a key need: for each kind the ready piece, what it does on a rotation, how often it reads (pure)."""
