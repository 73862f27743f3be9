"""What the Pulumi Kubernetes Operator takes of our objects.

Its schemas (CRDs) lie in its Go module; the tests take them from there, or from the folder that PULUMI_OPERATOR_CRDS names (its `deploy/crds`).
Where neither is to be had, the fields that our objects use are held to the list here, which a test compares with the schemas where they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

VERSION = "v2.9.0"
_MODULE = "github.com/pulumi/pulumi-kubernetes-operator/v2"
Kind = tuple[str, str]
"""apiVersion and kind."""

STACK, WORKSPACE, PROGRAM = (
    ("pulumi.com/v1", "Stack"),
    ("auto.pulumi.com/v1alpha1", "Workspace"),
    ("pulumi.com/v1", "Program"),
)
# Our objects' fields, by their path; `*` is a name of ours, `[]` an item. What Kubernetes itself says of a pod, under the pod template, is known
# by the schemas alone.
FIELDS: Mapping[Kind, Mapping[str, type]] = {
    STACK: {
        "spec.stack": str,
        "spec.projectRepo": str,
        "spec.branch": str,
        "spec.shallow": bool,
        "spec.backend": str,
        "spec.serviceAccountName": str,
        "spec.continueResyncOnCommitMatch": bool,
        "spec.resyncFrequencySeconds": int,
        "spec.refresh": bool,
        "spec.retryMaxBackoffDurationSeconds": int,
        "spec.useLocalStackOnly": bool,
        "spec.destroyOnFinalize": bool,
        "spec.programRef.name": str,
        "spec.config.*": str,
        "spec.prerequisites.[].name": str,
        "spec.prerequisites.[].requirement.succeededWithinDuration": str,
        "spec.envRefs.*.type": str,
        "spec.envRefs.*.literal.value": str,
        "spec.envRefs.*.secret.name": str,
        "spec.envRefs.*.secret.key": str,
        "spec.workspaceTemplate.spec.image": str,
        "spec.workspaceTemplate.spec.securityProfile": str,
        "spec.workspaceTemplate.spec.resources": dict,
        "spec.workspaceTemplate.spec.podTemplate.spec": dict,
    },
    WORKSPACE: {
        "spec.serviceAccountName": str,
        "spec.securityProfile": str,
        "spec.image": str,
        "spec.git.url": str,
        "spec.git.ref": str,
        "spec.git.shallow": bool,
        "spec.env.[].name": str,
        "spec.env.[].value": str,
        "spec.env.[].valueFrom.secretKeyRef.name": str,
        "spec.env.[].valueFrom.secretKeyRef.key": str,
        "spec.resources": dict,
        "spec.podTemplate.spec": dict,
    },
    PROGRAM: {
        "program.packages.*": str,
        "program.resources.*.type": str,
        "program.resources.*.properties.*": object,
        "program.outputs.*": str,
    },
}
_NAMED = ("config", "envRefs", "packages", "resources", "properties", "outputs")


def unknown_fields(written: Mapping[str, Any], fields: Mapping[Kind, Mapping[str, type]] = FIELDS) -> list[str]:
    """Which fields of an object the list hasn't, or has as something else."""
    known = fields[written["apiVersion"], written["kind"]]
    own = {name: value for name, value in written.items() if name not in ("apiVersion", "kind", "metadata")}
    return [place for place, value in _leaves(own, "", known) if not isinstance(value, known.get(place, type(None)))]


def _leaves(value: object, place: str, known: Mapping[str, type]) -> Iterator[tuple[str, object]]:
    if place in known and known[place] in (dict, object):
        yield place, value
    elif isinstance(value, Mapping):
        # Under these the names are the user's; but `resources` of a workspace are Kubernetes' own.
        free = place.rpartition(".")[2] in _NAMED and place not in known
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{'*' if free else name}".lstrip("."), known)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, f"{place}.[]", known)
    else:
        yield place, value


class SchemasMissing(Exception):
    """The schemas aren't to be had; the message says why."""


@cache
def schemas() -> Mapping[Kind, dict[str, Any]]:
    """The operator's own schemas, a field that they don't have being a mistake. Raises SchemasMissing."""
    found: dict[Kind, dict[str, Any]] = {}
    for file in sorted(_folder().glob("*.yaml")):
        crd = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]
        for version in crd["versions"]:
            schema = _strict(version["schema"]["openAPIV3Schema"])
            schema["properties"] |= {"metadata": {"type": "object"}, "apiVersion": {}, "kind": {}}
            found[f"{crd['group']}/{version['name']}", crd["names"]["kind"]] = schema
    return found


def _folder() -> Path:
    named = os.environ.get("PULUMI_OPERATOR_CRDS")
    if named:
        return Path(named)
    go = shutil.which("go")
    if go is None:
        raise SchemasMissing("no Go to get the operator's module, and PULUMI_OPERATOR_CRDS names no folder")
    command = [go, "mod", "download", "-json", f"{_MODULE}@{VERSION}"]
    # Outside of any module of ours.
    done = subprocess.run(command, cwd="/", check=False, capture_output=True, text=True)
    answer = json.loads(done.stdout or "{}")
    if "Dir" not in answer:
        said = str(answer.get("Error", done.stderr)).strip().splitlines() or ["no answer"]
        raise SchemasMissing(f"the operator's module can't be had: {said[-1].strip()}")
    return Path(answer["Dir"]) / "deploy" / "crds"


def _strict(schema: Any) -> Any:
    """What the cluster would silently take away, a field that isn't in the schema, becomes an error."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    known = {name: _strict(value) for name, value in schema.items()}
    open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("type") == "object" and "properties" in schema and not open_ended:
        known["additionalProperties"] = False
    return known
