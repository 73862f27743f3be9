"""Which keys of a stack its file doesn't declare any more: the next `pulumi up` deletes them, and only its preview says so."""

from __future__ import annotations

from collections.abc import Iterator

from cli.made import Made, paths_of
from cli.project import Project
from cli.stack_check import Checked, FileProblem, Reporter, Weight


def removals(project: Project, checked: Checked, made: Made) -> Iterator[FileProblem]:
    """A note for each key that the stack has and the file lacks; none where the file can't be used."""
    if checked.spec is None:
        return
    report = Reporter(project, checked.stack)
    accounts = checked.spec.accounts
    declared = {path for account in accounts for key in account.keys for path in paths_of(account, key)}
    for path in sorted({it.path for it in made.deployed.keys} - declared):
        name = path.partition("/")[0]
        at = next((at for at, it in enumerate(accounts) if name in (it.name, it.renamed_from)), None)
        wrong = (
            f"the stack has a key {path}, and this file doesn't: `pulumi up` deletes it, and its consumers fail at once"
        )
        right = "move them first; where it has another name by now, write `renamedFrom` there"
        yield report("accounts" if at is None else f"accounts[{at}].keys", wrong, right, Weight.NOTE)
