"""What every test has: one process that can hold both SDKs."""

from provider.yandex_keys import protobuf_status  # noqa: F401  (before anything imports pulumi)
