"""How one mapping of a stack file is read: what is right in it, and a problem for each thing that isn't."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from components.spec.models import FreezeSpec, VerifySpec, WindowSpec
from components.spec.problems import Place, Problem, did_you_mean, nearest, shown

Location = tuple[int | str, ...]
KnownFields = Callable[[Location], Iterable[str]]
M = TypeVar("M", bound=BaseModel)
M_co = TypeVar("M_co", bound=BaseModel, covariant=True)

_WITHIN: Final[Mapping[str, type[BaseModel]]] = {"verify": VerifySpec, "windows": WindowSpec, "freezes": FreezeSpec}
"""The fields that have fields of their own."""
_NO_STEPS: Final = frozenset({"<flag>", "<call>", "[key]"})
"""What pydantic puts into a location for the branch of a union and for a mapping's key; no part of the path that the
user knows."""


@dataclass(frozen=True)
class PartlyRead(Generic[M_co]):
    """What could be read of one mapping: `spec` has the good fields, and defaults for the rest. The others are named as
    in the file: what is `unreadable`, and what is `written` there at all."""

    place: Place
    spec: M_co
    unreadable: frozenset[str]
    written: frozenset[str]

    def knows(self, *fields: str) -> bool:
        """Whether all of `fields` could be read."""
        return self.unreadable.isdisjoint(fields)


def read(
    model: type[M],
    written: object,
    at: Place,
    problems: list[Problem],
    *,
    stand_in: Mapping[str, object] | None = None,
    defaults: Mapping[str, object] | None = None,
) -> PartlyRead[M]:
    """Reads a mapping, and adds to `problems`. `defaults` stand for what isn't written, `stand_in` for what has to be
    there and can't be read."""
    fields = fields_of(model)
    mapping: dict[Any, Any] = {**(defaults or {}), **written} if isinstance(written, dict) else {}
    flaws: list[ErrorDetails] = []
    unreadable: frozenset[str] = frozenset()
    try:
        spec = model.model_validate(mapping if isinstance(written, dict) else written, by_alias=True, by_name=False)
    except ValidationError as error:
        flaws = error.errors(include_url=False)
        unreadable = frozenset(str(flaw["loc"][0]) for flaw in flaws if flaw["loc"]) or fields
        good = {name: mapping[name] for name in fields - unreadable if name in mapping}
        spec = model.model_validate({**(stand_in or {}), **good}, by_alias=True, by_name=False)
        # What follows from a field whose name is misspelt is guesswork, as it is where a value can't be read.
        unreadable |= {near for name in unreadable - fields if (near := nearest(name, fields)) and near not in mapping}
    name = getattr(spec, "name", "")
    place = at.of(name) if name and "name" not in unreadable else at
    problems += _problems_of(
        flaws, place, lambda location: fields_of(_WITHIN[str(location[0])]) if location else fields
    )
    return PartlyRead(place, spec, unreadable, fields.intersection(written if isinstance(written, dict) else ()))


def fields_of(model: type[BaseModel]) -> frozenset[str]:
    """A model's fields, as the file has them."""
    return frozenset(str(field.alias or name) for name, field in model.model_fields.items())


def _problems_of(errors: Iterable[ErrorDetails], at: Place, known: KnownFields) -> Iterable[Problem]:
    """pydantic's own `errors()` about what stands `at` a place; `known` are the fields that there are at a location
    within it.

    A field that is missing because its name is misspelt is told by the misspelt one.
    """
    located = [(tuple(step for step in error["loc"] if step not in _NO_STEPS), error) for error in errors]
    missing = {location for location, error in located if error["type"] == "missing"}
    meant = {
        (*location[:-1], nearest(str(location[-1]), known(location[:-1])))
        for location, error in located
        if missing and error["type"] == "extra_forbidden"
    }
    misspelt = missing & meant
    for location, error in located:
        if location not in misspelt:
            yield Problem(functools.reduce(Place.__truediv__, location, at), *_words(error, location, known))


def _words(error: ErrorDetails, location: Location, known: KnownFields) -> tuple[str, str]:
    match error["type"]:
        case "rule":
            return error["ctx"]["wrong"], error["ctx"]["right"]
        case "missing":
            return "is missing", f"add `{location[-1]}:`"
        case "extra_forbidden":
            return "unknown field", did_you_mean(str(location[-1]), known(location[:-1]), "known fields")
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{shown(error['input'])} where a mapping of fields belongs", "write fields as `name: value`"
        case "invalid_key":
            return "a field's name that is not text", "write fields as `name: value`"
        case other:
            # Whatever a later pydantic adds still makes one line.
            return (
                f"{shown(error['input'])} can't be used ({other})",
                "see the field's description in stacks/schema.json",
            )
