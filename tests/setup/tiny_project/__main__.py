"""Declares as many notes as the configuration says, and ends as it says."""

import os
import sys
from pathlib import Path

import pulumi

config = pulumi.Config()


class Note(pulumi.CustomResource):
    """A file in the folder NOTES that holds a text."""

    def __init__(self, name: str, text: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tiny:index:Note", name, {"text": text}, opts)


print("declaring notes")
pulumi.log.warn("a warning to the engine")
print("a word on standard error", file=sys.stderr)
for index in range(config.get_int("count") or 1):
    Note(f"note-{index}", text=config.get("text") or "hello")
pulumi.export("greeting", config.get("text") or "hello")
pulumi.export("python", sys.executable)
Path(os.environ["NOTES"], "program.pid").write_text(str(os.getpid()))
ending = config.get("ending")
if ending == "raise":
    raise LookupError("the program is broken here")
if ending == "exit":
    sys.exit(7)
if ending == "run-error":
    raise pulumi.RunError("said in one line")
if ending == "apply":
    pulumi.Output.from_input("later").apply(int)
