"""How the classes of this package are declared: `name: type = pulumi.property("wireName")`.

That is Pulumi's short form of what its code generator writes out. `input_type` and `output_type` are Pulumi's own, made
known to type checkers; `outputs` does for resources what those do for nested types.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform

import pulumi

T = TypeVar("T")
R = TypeVar("R", bound=pulumi.Resource)


@dataclass_transform(kw_only_default=True, field_specifiers=(pulumi.property,))
def input_type(cls: type[T]) -> type[T]:
    """Arguments, of a resource or nested in them."""
    return pulumi.input_type(cls)


@dataclass_transform(kw_only_default=True, field_specifiers=(pulumi.property,))
def output_type(cls: type[T]) -> type[T]:
    """A value nested in a resource's outputs."""
    return pulumi.output_type(cls)


def outputs(cls: type[R]) -> type[R]:
    """Makes a resource class's declared properties readable, each under its wire name."""
    for name, annotation in inspect.get_annotations(cls).items():
        setattr(cls, name, property(pulumi.getter(name=cls.__dict__[name].name)(_reader(name, annotation))))
    return cls


def given(
    args_type: type[Any],
    args: object | None,
    inputs: Mapping[str, Any],
    resource: type[pulumi.Resource],
    opts: pulumi.ResourceOptions | None,
) -> Any:
    """The inputs, and beside them the outputs that `resource` will have, as Pulumi wants them when a resource is registered.

    As with every Pulumi SDK, inputs come as one `args` or each by its name. Raises TypeError where both are given or a required one is missing,
    unless `opts.id` names a resource that is only read.
    """
    if args is not None and inputs:
        raise TypeError(f"{resource.__name__} takes its {args_type.__name__} or inputs by name, not both")
    if args is None and (inputs or opts is None or opts.id is None):
        args = args_type(**inputs)
    props = object.__new__(args_type)
    props.__dict__.update(dict.fromkeys(inspect.get_annotations(resource)))
    props.__dict__.update({} if args is None else args.__dict__)
    return props


def _reader(name: str, annotation: object) -> Callable[[object], Any]:
    def read(self: object) -> Any:
        return pulumi.get(self, name)

    read.__name__ = name
    read.__annotations__ = {"return": annotation}
    return read
