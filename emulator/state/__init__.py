"""What the emulated cloud holds and the rules it keeps, one module per cloud resource; it knows of no sockets."""
