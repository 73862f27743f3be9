"""Kubernetes without an operator: a Pulumi program of the cluster's takes the secret from the keys' stack by a StackReference."""

from __future__ import annotations

from typing import Final

from cli.consumers.piece import File, KeyToRead, Piece

_PROGRAM: Final = """import pulumi
import pulumi_kubernetes as kubernetes

keys = pulumi.StackReference({stack!r})
secret = keys.require_output("secrets").apply(lambda secrets: secrets[{path!r}])
# Said to be a secret once more, so that no state and no preview of this program shows it.
kubernetes.core.v1.Secret(
    {label!r},
    metadata={{"name": {label!r}}},
    string_data={{"api_key": pulumi.Output.secret(secret)}},
)
"""


def kubernetes(key: KeyToRead) -> Piece:
    """A Secret that is made of an output of the stack."""
    stack = key.stack if "/" in key.stack else f"organization/{key.project}/{key.stack}"
    return Piece(
        files=(File("__main__.py", _PROGRAM.format(stack=stack, path=key.path, label=key.label)),),
        on_rotation=(
            "the Kubernetes secret follows at the next `pulumi up` of this program: run it after that of the keys, in the same pipeline. A mounted "
            "file follows within about a minute more; an environment variable only when the pod starts again"
        ),
        reads="at each `pulumi up` of this program",
        reads_every=None,
        todo=(
            "with Pulumi Cloud the organization's own name stands in the place of `organization`",
            "whoever runs this program may read the keys' stack, and its state holds the key, encrypted: where that is too much, take "
            "--for external-secrets",
        ),
    )
