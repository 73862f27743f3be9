"""The JSON Schema of the stack file's models, with the docstrings of their fields as descriptions.

pydantic can read those itself (`use_attribute_docstrings`), but does so whenever a model is defined: it looks for the
source and parses it, which took a third of loading the models in every run of a program. Only schemas need them.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, TypeAdapter

from components.spec import models


def model_schema(of: Any) -> dict[str, Any]:
    """The schema of a model, or of what holds models, by the names that the file has."""
    schema = TypeAdapter(of).json_schema(by_alias=True)
    for part in (schema, *schema.get("$defs", {}).values()):
        model = getattr(models, part.get("title", ""), None)
        if model is not None:
            _describe(part["properties"], model)
    return schema


def _describe(properties: Mapping[str, dict[str, Any]], model: type[BaseModel]) -> None:
    words = _field_docstrings(model)
    for name, field in model.model_fields.items():
        properties[field.alias or name]["description"] = words[name]


@cache
def _field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """By field, the string below it in the source of the model or of one that it extends."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base.__module__ == models.__name__:
            body = _classes()[base.__name__].body
            for statement, following in pairwise(body):
                match statement, following:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                        found[name] = inspect.cleandoc(words)
    return found


@cache
def _classes() -> dict[str, ast.ClassDef]:
    source = inspect.getsource(sys.modules[models.__name__])
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
