"""`python -m setup.language_host <engine address>`: serves until the engine goes away."""

from setup.language_host.server import main

if __name__ == "__main__":
    main()
