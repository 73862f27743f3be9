"""What the commands that judge keys begin with: the chosen stacks, and what the cloud says of them, gathered once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.audit_settings import FILE, audit_settings
from cli.cloud_access import NO_ACCESS, Access, look_at_access
from cli.cloud_keys import NOTHING, CloudView, look
from cli.cloud_quotas import NO_CLOUD, CloudQuotas, look_at_quotas
from cli.deployed import Deployed
from cli.evidence import Evidence
from cli.forecast import forecast
from cli.inventory import inventory
from cli.stack_file_lines import lines_of
from cli.stack_settings import run_every, settings_of
from cli.workplace import Workplace


def gathered(
    workplace: Workplace,
    stacks: Sequence[str] | None,
    folders: Sequence[str] | None,
    whole_cloud: bool,
    config: Path | None,
    one_by_one: bool = False,
) -> Evidence:
    """All that an audit judges, of these stacks (None: all) and of what the cloud is asked for, by the limits in `config` (None: the project's).

    one_by_one: each declared secret and each account is asked for as well. Raises CommandFailed.
    """
    project = workplace.project
    judged_by = audit_settings(config or project.folder / FILE, config is not None)
    deployed = workplace.deployed(stacks or [], or_none=bool(folders or whole_cloud))
    now = workplace.now()
    view, access, quotas = _looked(workplace, deployed, folders or [], whole_cloud, one_by_one)
    runs = {it.stack: run_every(project, it.stack, workplace.environment) for it in deployed}
    files = {it.stack: project.stack_file(it.stack) for it in deployed}
    horizon = now + judged_by.limits.horizon
    return Evidence(
        deployed,
        inventory(deployed, now, view),
        lambda: forecast((key for it in deployed for key in it.keys), now, horizon, runs),
        now,
        runs,
        judged_by,
        view,
        access,
        {name: lines_of(file) for name, file in files.items()},
        {name: file.relative_to(project.folder).as_posix() for name, file in files.items()},
        quotas=quotas,
    )


def _looked(
    workplace: Workplace, stacks: Sequence[Deployed], folders: Sequence[str], whole_cloud: bool, one_by_one: bool
) -> tuple[CloudView, Access, Sequence[CloudQuotas]]:
    """What the cloud says of keys, of access and of its quotas: calls by folder and account, and `one_by_one`."""
    if not folders and not whole_cloud:
        return NOTHING, NO_ACCESS, _declared_clouds(workplace, stacks)
    names = [it.stack for it in stacks]
    with workplace.cloud(names) as lookup:
        unique = workplace.folders(lookup, names, folders, whole_cloud)
        view = look(lookup, unique)
        secrets = {it for stack in stacks for it in stack.secrets} if one_by_one else set()
        access = look_at_access(lookup, unique, secrets, view.accounts if one_by_one else ())
        return view, access, look_at_quotas(lookup, unique)


def _declared_clouds(workplace: Workplace, stacks: Sequence[Deployed]) -> list[CloudQuotas]:
    """The clouds that the stacks say to be in, by `yandex-keys:cloudId` or the environment. Those that don't say, and share no folder with one
    that does, are taken for stacks of one cloud. Raises CouldNotLook."""
    said = {it.stack: settings_of(workplace.project, it.stack, workplace.environment).cloud_id for it in stacks}
    folders = {it.stack: {of.folder_id for of in it.accounts.values()} for it in stacks}
    cloud_of = {folder: said[stack] for stack, own in folders.items() if said[stack] for folder in own}
    by_cloud: dict[str, set[str]] = {}
    for stack, own in folders.items():
        for folder in own:
            by_cloud.setdefault(cloud_of.get(folder, said[stack]), set()).add(folder)
    if len(by_cloud) < 2:
        return [NO_CLOUD]
    return [CloudQuotas(cloud_id, frozenset(own)) for cloud_id, own in sorted(by_cloud.items())]
