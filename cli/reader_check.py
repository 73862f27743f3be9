"""Whether those are there that stack files let read secrets: a role for somebody who isn't is refused, and the key waits for its readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cli.borrowed import CloudError, ReaderKind, subject_of
from cli.project import Project
from cli.stack_check import Checked, FileProblem, Reporter, Weight
from cli.words import counted

if TYPE_CHECKING:
    from cli.cloud_login import Lookup

# What the cloud answers where it tells nothing, with the reason in words.
_UNTOLD: Final = {
    "PERMISSION_DENIED": "the deployer may not call {call}; organization-manager.viewer on the organization lets it",
    "UNIMPLEMENTED": "the endpoint doesn't have {call}",
}


@dataclass(frozen=True)
class _Kind:
    """A kind of reader: what it is called, how the cloud is asked for one, and where people find the right id.

    is_promised: whether the documentation says that each one that there is can be asked for.
    """

    noun: str
    call: str
    id_field: str
    listed_by: str
    is_promised: bool = True


_USERS: Final = "`yc organization-manager user list` shows them"


def _described(kind: ReaderKind) -> _Kind:
    match kind:
        case ReaderKind.SERVICE_ACCOUNT:
            listed_by = "`yc iam service-account list` shows those of a folder"
            return _Kind("service account", "ServiceAccountService/Get", "service_account_id", listed_by)
        case ReaderKind.USER_ACCOUNT:
            return _Kind("user account", "UserAccountService/Get", "user_account_id", _USERS)
        case ReaderKind.FEDERATED_USER:
            # The same call; its page says that it is for Yandex accounts.
            return _Kind("federated user", "UserAccountService/Get", "user_account_id", _USERS, is_promised=False)
        case ReaderKind.GROUP:
            listed_by = "`yc organization-manager group list` shows them"
            return _Kind("group", "GroupService/Get", "group_id", listed_by)


@dataclass(frozen=True)
class _Reader:
    """One reader where a file names it."""

    report: Reporter
    path: str
    kind: ReaderKind
    id: str


def check_readers(lookup: Lookup, project: Project, checked: Sequence[Checked]) -> list[FileProblem]:
    """Who of the readers isn't there, and of whom the cloud doesn't tell. Each is asked for once, whichever files name it.

    Raises CloudError where nothing can be asked.
    """
    readers = [reader for it in checked for reader in _named(it, Reporter(project, it.stack))]
    asked = sorted({(reader.kind, reader.id) for reader in readers})
    answers = dict(zip(asked, lookup.each(lambda it: _is_there(lookup, *it), asked), strict=True))
    problems: list[FileProblem] = []
    untold: dict[tuple[ReaderKind, str], list[_Reader]] = {}
    for reader in readers:
        there = answers[reader.kind, reader.id]
        if there is False:
            problems.append(_absent(reader))
        elif isinstance(there, str) and reader.kind is ReaderKind.SERVICE_ACCOUNT:
            problems.append(_unseen(reader))
        elif isinstance(there, str):
            untold.setdefault((reader.kind, there), []).append(reader)
    return [*problems, *(_not_checked(kind, code, of_kind) for (kind, code), of_kind in untold.items())]


def _named(checked: Checked, report: Reporter) -> Iterator[_Reader]:
    """Those of a file that the cloud knows by an id: no account of the file itself."""
    for at, account in enumerate(checked.spec.accounts if checked.spec else ()):
        for number, reader in enumerate(account.readers):
            subject = subject_of(reader)
            if subject is not None:
                yield _Reader(report, f"accounts[{at}].readers[{number}]", *subject)


def _is_there(lookup: Lookup, kind: ReaderKind, reader_id: str) -> bool | str:
    """The code of its answer where the cloud doesn't tell."""
    how = _described(kind)
    try:
        return lookup.found(how.call, {how.id_field: reader_id}, f"{how.noun} {reader_id}") is not None
    except CloudError as error:
        if error.code in _UNTOLD:
            return error.code
        raise


def _absent(reader: _Reader) -> FileProblem:
    kind = _described(reader.kind)
    if not kind.is_promised:
        wrong = f"the cloud tells of no {kind.noun} {reader.id}, and promises to tell of Yandex accounts alone"
        return reader.report(reader.path, wrong, f"see that the id is right: {kind.listed_by}", Weight.NOTE)
    wrong = f"the cloud has no {kind.noun} {reader.id}: a role for it is refused, and no key of its secrets is issued"
    return reader.report(reader.path, wrong, kind.listed_by)


def _unseen(reader: _Reader) -> FileProblem:
    """A service account may be seen, and its neighbour of another folder not."""
    return reader.report(
        reader.path,
        f"whether service account {reader.id} is there can't be seen by the deployer",
        "see that the id is right, or let the deployer see it, by iam.viewer on its folder",
        Weight.NOTE,
    )


def _not_checked(kind: ReaderKind, code: str, readers: Sequence[_Reader]) -> FileProblem:
    """One note for all of a kind, where the first stands: who may not ask for one may ask for none."""
    how, first = _described(kind), readers[0]
    ids = sorted({reader.id for reader in readers})
    who = f"{how.noun} {ids[0]} is" if len(ids) == 1 else f"{counted(len(ids), how.noun)} among the readers are"
    wrong = f"{who} not checked: {_UNTOLD[code].format(call=how.call)}"
    right = f"see that {'its id is' if len(ids) == 1 else 'their ids are'} right: {how.listed_by}"
    return first.report(first.path, wrong, right, Weight.NOTE)
