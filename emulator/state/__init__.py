"""What the emulated cloud holds and the rules it keeps, one module per cloud resource; nothing here knows of sockets."""
