"""A local Yandex Cloud: the real gRPC APIs over TLS, kept on disk, with a clock, faults and settings that tests can move.

`python -m emulator serve --data DIR` runs it; `emulator.server.start` runs it inside a test.
"""
