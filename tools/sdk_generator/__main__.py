"""`python -m tools.sdk_generator`: writes the component's schema and sdk/python anew. With a language and a folder: that language's SDK there."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import get_args

from components import package_schema
from setup.engine.places import REPOSITORY
from tools.sdk_generator import address, python_sdk
from tools.sdk_generator.generator import GeneratorFailed, GeneratorMissing, Language, build, generate


def main(arguments: list[str]) -> int:
    """Exit code 0 when the SDK was written."""
    parser = argparse.ArgumentParser(prog="python -m tools.sdk_generator", description=__doc__)
    parser.add_argument("language", nargs="?", choices=get_args(Language))
    parser.add_argument("directory", nargs="?", type=Path, help="where to write, in place of sdk/python")
    given = parser.parse_args(arguments)
    if given.language and not given.directory:
        parser.error("which folder?")
    try:
        command = build(os.environ, download=True)
        if given.language:
            generate(command, given.language, given.directory)
            return 0
        address.write(REPOSITORY)
        package_schema.write()
        with tempfile.TemporaryDirectory() as directory:
            generated = Path(directory) / "python"
            generate(command, "python", generated)
            python_sdk.replace(REPOSITORY, generated)
    except (GeneratorMissing, GeneratorFailed, address.AddressWrong) as error:
        print(error, file=sys.stderr)
        return 1
    print("sdk/python is written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
