"""The component's part of the package's schema, made from the stack file's models: `python -m
components.package_schema` writes it.

Other languages' programs give the component what an account of the stack file says, by the same names; the rest of the
schema is written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from components.model_schema import model_schema
from components.package_example import component_example
from components.spec import AccountSpec, KeySpec

SCHEMA: Final = Path(__file__).parents[1] / "provider" / "yandex_keys" / "schema.json"
COMPONENT: Final = "yandex-keys:index:ServiceAccountKeys"
KEY: Final = "yandex-keys:index:AccountKey"
_TYPES: Final = {
    "KeySpec": KEY,
    "VerifySpec": "yandex-keys:index:Verify",
    "WindowSpec": "yandex-keys:index:Window",
    "FreezeSpec": "yandex-keys:index:Freeze",
}
"""What each model is in the package. What a key's own resource takes as well is of the same type as there."""
# Names, and what names depend on, decide which resources there are: they have to be known before any of them is. A
# folder's id doesn't.
_MAY_BE_AN_OUTPUT: Final = frozenset({"folderId"})
_OUTPUTS: Final[dict[str, Any]] = {
    "serviceAccountId": {"type": "string", "description": "The service account's id."},
    "receipts": {
        "type": "object",
        "additionalProperties": {"$ref": "pulumi.json#/Any"},
        "description": "By the key's name, what can be shown of it: `keyId`, `expiresAt`, `nextRotationAt`, `lockboxSecretId`, …",
    },
    "secrets": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "secret": True,
        "description": "By the key's name, the secrets of the keys that say `deliver: output` or `both`.",
    },
}
_DESCRIPTION: Final = (
    "A service account with its roles, its Lockbox secrets and its API keys: what one account of a stack file says. "
    "One provider serves all that it makes; no other plugin is needed."
)


def component_resource(go_module: str) -> dict[str, Any]:
    """The component, as the package's schema has a resource. `go_module` is where a Go program finds the package."""
    account = model_schema(AccountSpec)
    return {
        "description": f"{_DESCRIPTION}\n\n{component_example(go_module)}",
        "isComponent": True,
        "inputProperties": _properties(account),
        "requiredInputs": account["required"],
        "properties": _OUTPUTS,
        "required": list(_OUTPUTS),
    }


def key_type() -> dict[str, Any]:
    """A key of the account, as the package's schema has a type."""
    key = model_schema(KeySpec)
    return {
        "type": "object",
        "description": key["description"],
        "properties": _properties(key),
        "required": key["required"],
    }


def with_component(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with the component as the models have it now."""
    types = {**schema["types"], KEY: key_type()}
    go_module = schema["language"]["go"]["importBasePath"]
    return {**schema, "types": types, "resources": {**schema["resources"], COMPONENT: component_resource(go_module)}}


def laid_out(schema: dict[str, Any]) -> str:
    """`schema` as the file has it: a line for each property."""
    return _laid_out(schema, "", ()) + "\n"


def _properties(model: dict[str, Any]) -> dict[str, Any]:
    return {name: _property(name, of) for name, of in model["properties"].items()}


def _property(name: str, of: dict[str, Any]) -> dict[str, Any]:
    plain = {} if name in _MAY_BE_AN_OUTPUT else {"plain": True}
    return {**_type(of, plain), **plain, "description": _description(of)}


def _type(of: dict[str, Any], plain: dict[str, bool]) -> dict[str, Any]:
    """The type of a field, from what pydantic says of it; limits and patterns are left to the component, whose messages
    have a remedy."""
    if "$ref" in of:
        return {"$ref": f"#/types/{_TYPES[of['$ref'].rpartition('/')[2]]}"}
    several = [_type(each, plain) for each in of.get("anyOf", of.get("oneOf", ())) if each.get("type") != "null"]
    if several:
        return several[0] if len(several) == 1 else {"oneOf": [{**each, **plain} for each in several]}
    if of["type"] == "array":
        items = _type(of["items"], plain)
        # Of a list of plain models Pulumi's generator for Go (3.259) writes a type that it uses and doesn't define.
        return {"type": "array", "items": items if "$ref" in items else {**items, **plain}}
    if of["type"] == "object":
        # Of all the mappings of a stack file, only labels aren't models.
        return {"type": "object", "additionalProperties": {"type": "string", **plain}}
    return {"type": of["type"]}


def _description(of: dict[str, Any]) -> str:
    words = re.sub(r"\s+", " ", of["description"])
    # Said, and not given as the schema's default: an SDK would fill it in, and no error could tell what the user wrote.
    default = of.get("default")
    said = isinstance(default, str | int) and default  # neither an empty text nor `false` needs words
    return f"{words} By default {default}." if said else words


_OPEN: Final = re.compile(
    r"|config|config\.variables|types|types\.[^.]+|types\.[^.]+\.properties|provider|provider\.inputProperties"
    r"|resources|resources\.[^.]+|resources\.[^.]+\.(inputProperties|properties)"
)
"""The paths whose values stand on lines of their own."""


def _laid_out(value: object, indent: str, path: tuple[str, ...]) -> str:
    if not isinstance(value, dict) or not _OPEN.fullmatch(".".join(path)):
        return json.dumps(value, ensure_ascii=False)
    inner = f"{indent}  "
    lines = (f"{inner}{json.dumps(name)}: {_laid_out(of, inner, (*path, name))}" for name, of in value.items())
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def write() -> bool:
    """Writes the component anew into the package's schema; answers whether that changed anything."""
    before = SCHEMA.read_text(encoding="utf-8")
    after = laid_out(with_component(json.loads(before)))
    if after != before:
        SCHEMA.write_text(after, encoding="utf-8")
    return after != before


def main() -> None:
    """Writes it."""
    sys.stdout.write("schema.json is written\n" if write() else "schema.json is as it was\n")


if __name__ == "__main__":
    main()
