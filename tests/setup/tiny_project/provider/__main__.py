"""A provider of notes: files in the folder that NOTES names.

A note whose text is `hang` is finished by a cancellation only, and one whose text is `stuck` not even by that. Both report to
the FIFO `hanging`: first which process this is and which one started it, then that they were cancelled.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from pulumi.provider.experimental import provider, server
from pulumi.provider.experimental.property_value import PropertyValue

NOTES = Path(os.environ["NOTES"])
Properties = dict[str, PropertyValue]


SCHEMA = {
    "name": "tiny",
    "version": "0.0.1",
    "resources": {
        "tiny:index:Note": {
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
            "inputProperties": {"text": {"type": "string"}},
            "requiredInputs": ["text"],
        }
    },
}


class Notes(provider.Provider):
    """Notes, kept as files."""

    def __init__(self) -> None:
        self._cancelled = asyncio.Event()

    async def get_schema(self, request: provider.GetSchemaRequest) -> provider.GetSchemaResponse:
        return provider.GetSchemaResponse(schema=json.dumps(SCHEMA))

    async def cancel(self) -> None:
        self._cancelled.set()

    async def check(self, request: provider.CheckRequest) -> provider.CheckResponse:
        return provider.CheckResponse(inputs=dict(request.new_inputs))

    async def diff(self, request: provider.DiffRequest) -> provider.DiffResponse:
        changed = request.old_state["text"].value != request.new_inputs["text"].value
        return provider.DiffResponse(changes=changed, diffs=["text"] if changed else [])

    async def create(self, request: provider.CreateRequest) -> provider.CreateResponse:
        name = request.urn.rsplit("::", 1)[1]
        if not request.preview:
            await self._write(name, request.properties)
        return provider.CreateResponse(resource_id="" if request.preview else name, properties=dict(request.properties))

    async def update(self, request: provider.UpdateRequest) -> provider.UpdateResponse:
        if not request.preview:
            await self._write(request.resource_id, request.news)
        return provider.UpdateResponse(properties=dict(request.news))

    async def read(self, request: provider.ReadRequest) -> provider.ReadResponse:
        path = NOTES / request.resource_id
        if not path.exists():
            return provider.ReadResponse()
        properties = {"text": PropertyValue(path.read_text())}
        return provider.ReadResponse(request.resource_id, properties, properties)

    async def delete(self, request: provider.DeleteRequest) -> None:
        (NOTES / request.resource_id).unlink(missing_ok=True)

    async def _write(self, name: str, properties: Properties) -> None:
        text = str(properties["text"].value)
        if text in ("hang", "stuck"):
            # A FIFO, so that the test wakes up when it is written.
            (NOTES / "hanging").write_text(f"{os.getpid()} {os.getppid()}\n")
            await self._cancelled.wait()
            (NOTES / "hanging").write_text("cancelled\n")
            if text == "stuck":
                await asyncio.Event().wait()
            raise RuntimeError("cancelled")
        (NOTES / name).write_text(text)


server.main(sys.argv[1:], "0.0.1", Notes())
