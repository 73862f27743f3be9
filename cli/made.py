"""What a stack has made already of what its file declares, by its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cli.borrowed import AccountSpec, KeySpec
from cli.deployed import Deployed

_NOTHING: Final = Deployed("")


@dataclass(frozen=True)
class Made:
    """What a stack's state has: nothing where there is no such stack yet. `unread`: why that isn't known, else empty."""

    deployed: Deployed = _NOTHING
    unread: str = ""

    def live(self, account: AccountSpec, key: KeySpec) -> int:
        """How many keys there are for that one now, by its names or those of before: none where it is new."""
        paths = paths_of(account, key)
        return next((1 + len(it.state.previous) for it in self.deployed.keys if it.path in paths), 0)


def paths_of(account: AccountSpec, key: KeySpec) -> set[str]:
    """The paths (`account/key`) under which a stack may have that key: by its names, or those of before."""
    accounts, keys = {account.name, account.renamed_from}, {key.name, key.renamed_from}
    return {f"{of}/{name}" for of in accounts for name in keys}
