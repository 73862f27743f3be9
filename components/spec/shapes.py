"""The shapes of a value in a stack file: text, list, flag, choice. They only look: no value is ever changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from components.rule_book import key_rules
from components.spec.problems import shown

Rule = Callable[[str], tuple[str, str] | None]
"""What is wrong with a text and what would be right, or None."""


def broken_rule(wrong: str, right: str) -> PydanticCustomError:
    """What a shape raises, so that the line keeps `wrong` and `right` apart."""
    return PydanticCustomError("rule", "{wrong}: {right}", {"wrong": wrong, "right": right})


class Shape:
    """What pydantic asks about a value of the type that it stands at, before it looks itself."""

    def check(self, value: object) -> object:
        """`value`. Raises a broken rule."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))


@dataclass(frozen=True)
class Text(Shape):
    """One line of text. `secretive`: what stands there may be a secret by mistake, so that no line repeats it;
    `schema`: what the JSON Schema says of `rule`."""

    right: str
    pattern: str | None = None
    shortest: int = 1
    longest: int = 1024
    rule: Rule | None = None
    secretive: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def check(self, value: object) -> str:
        """`value` as it is. Raises a broken rule."""
        if not isinstance(value, str):
            raise broken_rule(f"{shown(value)} where text belongs", self._remedy(value))
        if wrong := self._flaw(value):
            raise broken_rule(wrong, self.right)
        if self.rule and (flaw := self.rule(value)):
            raise broken_rule(*flaw)
        return value

    def _remedy(self, value: object) -> str:
        quoted = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.pattern is None
            and self.rule is None
        )
        return f"{self.right}, in quotes" if quoted else self.right

    def _flaw(self, value: str) -> str | None:
        if wrong := key_rules.line_problem(value, self.longest):
            return wrong
        if len(value) < self.shortest:
            return "is empty" if not value else f"{self._quoted(value)} is shorter than {self.shortest} characters"
        if self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            foreign = next((char for char in value if not char.isascii()), None)
            return (
                f"{self._quoted(value)} has {key_rules.name_of(foreign)}"
                if foreign
                else f"{self._quoted(value)} is not in the form asked for"
            )
        return None

    def _quoted(self, value: str) -> str:
        return "what is written" if self.secretive else shown(value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        limits = {"minLength": self.shortest, "maxLength": self.longest}
        return handler(schema) | limits | ({"pattern": f"^{self.pattern}$"} if self.pattern else {}) | dict(self.schema)


@dataclass(frozen=True)
class Items(Shape):
    """A list; a mapping or a single value there is a slip. Text that stands there twice is one as well."""

    right: str
    least: int = 0
    most: int | None = None

    def check(self, value: object) -> tuple[object, ...]:
        """`value` as a tuple. Raises a broken rule."""
        if not isinstance(value, list | tuple):
            raise broken_rule(f"{shown(value)} where a list belongs", self.right)
        if len(value) < self.least:
            raise broken_rule("is empty", self.right)
        if self.most is not None and len(value) > self.most:
            raise broken_rule(f"has {len(value)} items, the limit is {self.most}", self.right)
        texts = [item for item in value if isinstance(item, str)]
        if len(set(texts)) < len(texts):
            twice = next(item for item in texts if texts.count(item) > 1)
            raise broken_rule(f"has {shown(twice)} more than once", "name each once")
        return tuple(value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        json_schema = handler(schema) | {"minItems": self.least, "uniqueItems": True}
        return json_schema | ({"maxItems": self.most} if self.most else {})


@dataclass(frozen=True)
class Flag(Shape):
    """`true` or `false`, and nothing that merely looks like it."""

    right: str = "write true or false"

    def check(self, value: object) -> bool:
        """`value` as it is. Raises a broken rule."""
        if not isinstance(value, bool):
            raise broken_rule(f"{shown(value)} where true or false belongs", self.right)
        return value


@dataclass(frozen=True)
class Choice(Shape):
    """One of a few words."""

    words: tuple[str, ...]
    right: str

    def check(self, value: object) -> str:
        """`value` as it is. Raises a broken rule."""
        if not isinstance(value, str) or value not in self.words:
            raise broken_rule(f"{shown(value)} is not a choice", self.right)
        return value


@dataclass(frozen=True)
class Status(Shape):
    """An HTTP status."""

    right: str = "write a number from 100 to 599, such as 200"

    def check(self, value: object) -> int:
        """`value` as it is. Raises a broken rule."""
        if not isinstance(value, int) or isinstance(value, bool) or not 100 <= value <= 599:
            raise broken_rule(f"{shown(value)} is not an HTTP status", self.right)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, core_schema.int_schema(ge=100, le=599))


@dataclass(frozen=True)
class Hundredths(Shape):
    """A share, in whole hundredths."""

    right: str = f"write a whole number of hundredths from 0 to {key_rules.MOST_SPREAD}, such as 10"

    def check(self, value: object) -> int:
        """`value` as it is. Raises a broken rule."""
        if key_rules.spread_problem(value) or not isinstance(value, int):
            raise broken_rule(f"{shown(value)} is not a share", self.right)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            self.check, core_schema.int_schema(ge=0, le=key_rules.MOST_SPREAD)
        )


@dataclass(frozen=True)
class Labels(Shape):
    """A mapping of at most `most` labels; each is looked at by its own type."""

    most: int
    right: str = "write labels as `key: value`"

    def check(self, value: object) -> object:
        """`value` as it is. Raises a broken rule."""
        if not isinstance(value, dict):
            raise broken_rule(f"{shown(value)} where a mapping belongs", self.right)
        if len(value) > self.most:
            raise broken_rule(f"has {len(value)} labels, the limit is {self.most}", self.right)
        return value


@dataclass(frozen=True)
class FlagOr(Shape):
    """`true`, `false`, or a text."""

    text: Text

    def check(self, value: object) -> object:
        """`value` as it is. Raises a broken rule."""
        return value if isinstance(value, bool) else self.text.check(value)
