"""External Secrets Operator: its provider `yandexlockbox` follows the current version of a secret by asking again.

Fields: https://external-secrets.io/latest/provider/yandex-lockbox/ and https://external-secrets.io/latest/api/externalsecret/.
"""

from __future__ import annotations

from typing import Final

import yaml

from cli.consumers.piece import File, KeyToRead, Piece, hours_and_minutes

_API: Final = "external-secrets.io/v1"
_STORE: Final = "lockbox"
_LOGIN: Final = {"name": "yc-auth", "key": "authorized-key"}


def external_secrets(key: KeyToRead) -> Piece:
    """A SecretStore and an ExternalSecret."""
    store: dict[str, object] = {
        "apiVersion": _API,
        "kind": "SecretStore",
        "metadata": {"name": _STORE},
        "spec": {"provider": {"yandexlockbox": {"auth": {"authorizedKeySecretRef": _LOGIN}}}},
    }
    secret: dict[str, object] = {
        "apiVersion": _API,
        "kind": "ExternalSecret",
        "metadata": {"name": key.label},
        "spec": {
            "refreshInterval": hours_and_minutes(key.reads_every),
            "secretStoreRef": {"name": _STORE, "kind": "SecretStore"},
            "target": {"name": key.label},
            "data": [
                {
                    "secretKey": _data_key(entry),
                    # Without a version: the current one.
                    "remoteRef": {"key": key.secret_id, "property": entry},
                }
                for entry in key.entries
            ],
        },
    }
    return Piece(
        files=(File("external-secret.yaml", yaml.safe_dump_all([store, secret], sort_keys=False)),),
        on_rotation=(
            "the operator writes the new key into the Kubernetes secret at its next reading. A mounted file follows within about a minute more; an "
            "environment variable only when the pod starts again, so mount the secret, or restart the pods when it changes"
        ),
        reads=f"every {hours_and_minutes(key.reads_every)} (refreshInterval)",
        reads_every=key.reads_every,
        todo=(
            "the secret yc-auth holds the authorized key of the operator's own service account: kubectl create secret generic yc-auth "
            "--from-file=authorized-key=authorized-key.json",
            "that account stands among the readers in the stack file",
        ),
    )


def _data_key(entry: str) -> str:
    """An entry's name with what Kubernetes allows in the key of a secret."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in entry)
