"""A local Yandex Cloud: real gRPC APIs over TLS, kept on disk, with a clock, faults and settings that tests move.

`python -m emulator serve --data DIR` runs it; `emulator.server.start` runs it inside a test.
"""
