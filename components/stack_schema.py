"""The JSON Schema of a stack file, made from the models: `python -m components.stack_schema > stacks/schema.json`.

Editors complete and check stack files by it. It says less than the program does: rules between fields are left to that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from components.model_schema import model_schema
from components.spec import AccountSpec, Defaults

_PROVIDER_SCHEMA: Final = Path(__file__).parents[1] / "provider" / "yandex_keys" / "schema.json"
_ENGINE_FIELDS: Final = {
    "encryptionsalt": "Made by `pulumi stack init`: the passphrase's salt.",
    "secretsprovider": "Who encrypts the stack's secrets, such as a key in KMS.",
    "encryptedkey": "Made by the secrets provider: the stack's own key, encrypted.",
}


def stack_schema() -> dict[str, Any]:
    """The schema, as plain values."""
    defaults, accounts = _schema_of(Defaults), _schema_of(tuple[AccountSpec, ...])
    settings = json.loads(_PROVIDER_SCHEMA.read_text(encoding="utf-8"))["config"]["variables"]
    config = {
        # Null is what is left of it where every line under it has been commented out.
        "api-keys:defaults": defaults.pop("schema") | {"type": ["object", "null"]},
        "api-keys:accounts": accounts.pop("schema") | {"description": "The service accounts and their API keys."},
    }
    config |= {f"yandex-keys:{name}": _setting(setting) for name, setting in sorted(settings.items())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of the project api-keys",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": config,
                "required": ["api-keys:accounts"],
                # A name of these two that isn't listed is a slip; other namespaces are other packages' business.
                "patternProperties": {"^(?!(api-keys|yandex-keys):)[^:]+:": {}},
                "additionalProperties": False,
            },
            **{name: {"type": "string", "description": text} for name, text in _ENGINE_FIELDS.items()},
        },
        "required": ["config"],
        "$defs": defaults["defs"] | accounts["defs"],
    }


def _schema_of(model: Any) -> dict[str, Any]:
    schema = model_schema(model)
    definitions = schema.pop("$defs", {})
    return {"schema": _untitled(schema), "defs": _untitled(definitions)}


def _untitled(schema: object) -> object:
    """`schema` without the titles that pydantic makes of the fields' names: editors show those anyway."""
    if isinstance(schema, dict):
        return {name: _untitled(value) for name, value in schema.items() if name != "title"}
    return [_untitled(value) for value in schema] if isinstance(schema, list) else schema


def _setting(setting: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    encrypted = {
        "type": "object",
        "properties": {"secure": text},
        "required": ["secure"],
        "additionalProperties": False,
    }
    # A secret stands there encrypted (`pulumi config set --secret`) or not at all.
    return {"description": setting["description"]} | (
        encrypted if setting.get("secret") else {"anyOf": [text, encrypted]}
    )


def main() -> None:
    """Prints the schema."""
    json.dump(stack_schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
