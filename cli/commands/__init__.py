"""One file a command: its options, and how its answer is shown."""
