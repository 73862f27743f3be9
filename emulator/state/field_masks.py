"""Field masks of updates: which fields of a resource a request changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from emulator.errors import bad_request


class UpdateRequest(Protocol):
    """A request that says which fields it changes."""

    @property
    def update_mask(self) -> FieldMask:
        """The fields, by name."""
        ...


def changed_fields(request: UpdateRequest, mutable: Sequence[str]) -> list[str]:
    """The fields that `request` changes: those that its mask names, or, with an empty mask, all that can be changed.

    Raises INVALID_ARGUMENT when the mask names a field that can't be.
    """
    paths = [path.split(".")[0] for path in request.update_mask.paths]
    wrong = [path for path in paths if path not in mutable]
    if wrong:
        allowed = ", ".join(mutable)
        raise bad_request([("update_mask", f"{path} can't be updated; allowed: {allowed}") for path in wrong])
    return list(dict.fromkeys(paths)) or list(mutable)


def copy_fields(message: Message, request: Message, names: Sequence[str]) -> None:
    """Copies the named fields of `request` into `message`; what the request leaves unset is cleared."""
    for name in names:
        field = message.DESCRIPTOR.fields_by_name[name]
        message.ClearField(name)
        if field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(message, name).update(getattr(request, name))
        elif field.is_repeated:
            getattr(message, name).extend(getattr(request, name))
        elif field.message_type is not None:
            if request.HasField(name):
                getattr(message, name).CopyFrom(getattr(request, name))
        else:
            setattr(message, name, getattr(request, name))
