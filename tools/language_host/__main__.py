"""`python -m tools.language_host <engine address>`: serves until the engine goes away."""

from tools.language_host.server import main

if __name__ == "__main__":
    main()
