"""The `yandex-keys` provider plugin: issues, delivers and rotates Yandex Cloud API keys."""
