"""Just enough of Prometheus to judge our alert rules: expressions are parsed by its grammar and evaluated on figures at one moment."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

import promql_parser
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Figures = dict[str, Vector]

_COMPARES: Final[dict[str, Callable[[float, float], bool]]] = {"<": operator.lt, ">": operator.gt}
_COUNTS: Final[dict[str, Callable[[float, float], float]]] = {"-": operator.sub, "*": operator.mul}


def figures_of(text: str) -> Figures:
    """What a text in Prometheus' format says. Raises ValueError where it isn't of that format."""
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def evaluated(expression: str, figures: Figures, now: float) -> Vector:
    """The series for which the alert is raised, with their values. Raises NotImplementedError for what no rule of ours uses."""
    value = _value(promql_parser.parse(expression), figures, now)
    assert isinstance(value, dict)
    return value


def _value(node: Any, figures: Figures, now: float) -> Vector | float:
    match type(node).__name__:
        case "NumberLiteral":
            return float(node.val)
        case "ParenExpr":
            return _value(node.expr, figures, now)
        case "VectorSelector":
            wanted = {(it.name, it.value) for it in node.matchers.matchers}
            assert all(str(it.op) == "MatchOp.Equal" for it in node.matchers.matchers)
            return {labels: value for labels, value in figures.get(node.name, {}).items() if wanted <= labels}
        case "Call":
            return _called(str(node.func.name), list(node.args), figures, now)
        case "BinaryExpr":
            return _binary(str(node.op), _value(node.lhs, figures, now), _value(node.rhs, figures, now))
    raise NotImplementedError(type(node).__name__)


def _called(name: str, arguments: list[Any], figures: Figures, now: float) -> Vector | float:
    if name == "time":
        return now
    if name == "absent":
        return {} if _value(arguments[0], figures, now) else {frozenset(): 1.0}
    raise NotImplementedError(name)


def _binary(sign: str, left: Vector | float, right: Vector | float) -> Vector | float:
    if sign == "and":
        assert isinstance(left, dict)
        assert isinstance(right, dict)
        return {labels: value for labels, value in left.items() if labels in right}
    if sign == "or":
        assert isinstance(left, dict)
        assert isinstance(right, dict)
        return {**right, **left}
    if isinstance(left, float) and isinstance(right, float):
        return _COUNTS[sign](left, right)
    labels = left.keys() if isinstance(left, dict) else right.keys() if isinstance(right, dict) else ()
    pairs = [(it, _of(left, it), _of(right, it)) for it in labels]
    if sign in _COMPARES:
        return {it: one for it, one, other in pairs if _COMPARES[sign](one, other)}
    return {it: _COUNTS[sign](one, other) for it, one, other in pairs}


def _of(value: Vector | float, labels: Labels) -> float:
    return value[labels] if isinstance(value, dict) else value


def names_in(expression: str) -> set[str]:
    """The names of the series that an expression asks for."""
    return set(_names(promql_parser.parse(expression)))


def _names(node: Any) -> Iterable[str]:
    if type(node).__name__ == "VectorSelector":
        yield node.name
    for part in ("lhs", "rhs", "expr"):
        if getattr(node, part, None) is not None:
            yield from _names(getattr(node, part))
    for argument in getattr(node, "args", None) or ():
        yield from _names(argument)
