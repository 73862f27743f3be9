"""What is wrong with keys: each rule judges what the stacks, and the cloud where it was looked into, say (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from cli.borrowed import SERVICES, Status, format_duration, planned_rotation, services_for_scope, short_overlap
from cli.deployed import Account
from cli.evidence import Evidence
from cli.findings import ORDER, RULES, Finding
from cli.inventory import WORKING, KeyState
from cli.quota_audit import quota_findings
from cli.words import counted, length, moment

_DEFAULT_SCOPES: Final = frozenset(
    {
        "yc.ai.imageGeneration.execute",
        "yc.ai.languageModels.execute",
        "yc.ai.speechkitStt.execute",
        "yc.ai.speechkitTts.execute",
        "yc.ai.translate.execute",
        "yc.ai.vision.execute",
        "yc.monitoring.manage",
        "yc.search-api.execute",
        "yc.serverless.containers.invoke",
        "yc.serverless.functions.invoke",
    }
)
"""What a key gets that is made without scopes (IAM docs, "API key")."""
_BROAD: Final = frozenset({"admin", "editor", "viewer"})
_MAKES_KEYS: Final = frozenset(
    {
        "admin",
        "editor",
        "iam.admin",
        "iam.editor",
        "iam.serviceAccounts.admin",
        "iam.serviceAccounts.apiKeyAdmin",
        "iam.serviceAccounts.keyAdmin",
        "resource-manager.clouds.owner",
    }
)
"""Roles that let make keys of a folder's accounts (IAM docs, "Roles")."""
_READS_SECRETS: Final = frozenset({"admin", "lockbox.admin", "lockbox.payloadViewer", "resource-manager.clouds.owner"})
"""Roles that let read the payload of secrets (Lockbox docs, "Access management")."""


def audit(evidence: Evidence) -> list[Finding]:
    """Every finding, suppressed ones too, the worst first; of rules that are off none."""
    found = [finding for rule in _JUDGES for finding in rule(evidence)]
    judged = [
        replace(finding, severity=severity)
        for finding in found
        if (severity := evidence.settings.severity_of(finding.rule.name)) is not None
    ]
    return sorted([*_suppressed(judged, evidence)], key=_place_of)


def _place_of(finding: Finding) -> tuple[int, int, str, str]:
    return ORDER.index(finding.severity), list(RULES).index(finding.rule.name), finding.subject, finding.key_id


def _suppressed(findings: Sequence[Finding], evidence: Evidence) -> Iterator[Finding]:
    """`findings`, those that are suppressed marked; and what is to be said of suppressions."""
    today, suppressions = evidence.now.date(), evidence.settings.suppressions
    for finding in findings:
        why = next((it.why for it in suppressions if it.until >= today and it.holds_for(finding)), "")
        yield replace(finding, suppressed=why)
    severity = evidence.settings.severity_of("useless-suppression")
    for it in suppressions:
        over = it.until < today
        useful = not evidence.is_whole or any(it.holds_for(finding) for finding in findings)
        if severity is not None and (over or not useful):
            words = f"it ended on {it.until}" if over else "nothing is found that it is about"
            subject = f"{it.rule} of {it.subject}"
            yield Finding(RULES["useless-suppression"], severity, subject, f"the suppression of {subject}: {words}")


def _never_expires(evidence: Evidence) -> Iterator[Finding]:
    for record in evidence.records:
        if record.expires_at is None and record.state in WORKING:
            yield evidence.of_record(record, "never-expires", f"key {record.key_id} has no end")


def _scopes(evidence: Evidence) -> Iterator[Finding]:
    for record in evidence.records:
        if record.state not in WORKING or record.state is KeyState.PREVIOUS:
            continue
        if not record.scopes:
            yield evidence.of_record(record, "default-scopes", f"key {record.key_id} has no scopes")
        elif set(record.scopes) == _DEFAULT_SCOPES:
            words = f"key {record.key_id} has the ten scopes that the cloud gives where none are asked for"
            yield evidence.of_record(record, "default-scopes", words)


def _granted(evidence: Evidence, account: Account) -> frozenset[str]:
    """The roles of a declared account on its folder: the stack's, and those that the cloud has."""
    member = f"serviceAccount:{account.account_id}"
    listed = evidence.access.on_folders.get(account.folder_id, ())
    return account.roles | {role for who, role in listed if who == member}


def _scopes_and_roles(evidence: Evidence) -> Iterator[Finding]:
    for stack in evidence.stacks:
        scopes: dict[str, set[str]] = {}
        for key in stack.keys:
            account = key.account
            if account is None:
                continue
            scopes.setdefault(account.account_id, set()).update(key.inputs.scopes)
            granted = _granted(evidence, account)
            if granted & _BROAD:
                continue
            for scope in sorted(key.inputs.scopes):
                roles = {role for name in services_for_scope(scope) for role in SERVICES[name].roles}
                if roles and not roles & granted:
                    words = f"{scope} goes with {' or '.join(sorted(roles))} on folder {account.folder_id}, which {account.name} lacks"
                    setting = "scopes"
                    yield evidence.of_key(key, "scopes-without-roles", words, setting)
        for account_id, of_keys in sorted(scopes.items()):
            yield from _roles(evidence, stack.stack, stack.accounts[account_id], of_keys)


def _roles(evidence: Evidence, stack: str, account: Account, scopes: set[str]) -> Iterator[Finding]:
    needed = {role for scope in scopes for name in services_for_scope(scope) for role in SERVICES[name].roles}
    of_services = {role for service in SERVICES.values() for role in service.roles}
    for role in sorted(_granted(evidence, account)):
        if role in _BROAD:
            words = f"{account.name} has {role} on folder {account.folder_id}"
            yield evidence.of_account("broad-role", stack, account.account_id, account.name, words)
        elif role in of_services and role not in needed:
            words = f"{account.name} has {role} on folder {account.folder_id}, and no key of it has a scope for that"
            yield evidence.of_account("roles-without-scopes", stack, account.account_id, account.name, words)


def _lifetime(evidence: Evidence) -> Iterator[Finding]:
    limit = evidence.settings.limits.lifetime
    for record in evidence.records:
        if record.expires_at is None or record.state not in WORKING:
            continue
        lives = record.expires_at - record.issued_at
        if lives > limit:
            words = f"key {record.key_id} lives {length(lives)}; the limit is {format_duration(limit)}"
            yield evidence.of_record(record, "long-lifetime", words)


def _schedule(evidence: Evidence) -> Iterator[Finding]:
    for key in evidence.keys:
        runs = evidence.run_every[key.stack]
        due = planned_rotation(key.inputs, key.state, key.urn)
        late, most = evidence.now - due, evidence.settings.limits.overdue or 2 * runs
        if late > most:
            words = f"due since {moment(due, '')} UTC, {length(late)} ago; {format_duration(most)} are allowed"
            yield evidence.of_key(key, "overdue", words)
        if key.state.expires_at < max(due, evidence.now):
            what = "ended" if key.state.expires_at <= evidence.now else "ends"
            words = f"it {what} {moment(key.state.expires_at, '')} UTC, before its rotation of {moment(due, '')} UTC"
            if key.state.expires_at <= evidence.now:
                words = f"it {what} {moment(key.state.expires_at, '')} UTC, and no new key has taken over"
            yield evidence.of_key(key, "expires-before-rotation", words, "lifetime")
        short = short_overlap(key.inputs.overlap, runs)
        if short is not None:
            words = f"overlap {format_duration(key.inputs.overlap)} holds fewer than two runs (one in {format_duration(runs)})"
            yield evidence.of_key(key, "short-overlap", words, "overlap")


def _status(evidence: Evidence) -> Iterator[Finding]:
    gone = {record.key_id for record in evidence.records if record.state is KeyState.MISSING}
    for key in evidence.keys:
        key_id = key.state.key_id
        if key.state.status is Status.MISSING or key_id in gone:
            yield evidence.of_key(key, "missing", f"key {key_id} is gone, and not by us")
        elif key.state.status is Status.UNDELIVERED:
            yield evidence.of_key(key, "undelivered", f"Lockbox doesn't give key {key_id}")
        elif key.state.status is Status.ADOPTED:
            yield evidence.of_key(key, "adopted", f"key {key_id} was adopted by import")


def _use(evidence: Evidence) -> Iterator[Finding]:
    limit, now = evidence.settings.limits.unused, evidence.now
    for record in evidence.records:
        if record.key_id not in evidence.cloud.keys or record.state not in WORKING:
            continue
        since = record.last_used_at or record.issued_at
        # A key that rotates is younger than the limit: what nobody has used since its issue says nothing before.
        if record.state is not KeyState.PREVIOUS and now - since > limit:
            words = f"key {record.key_id} has not been used for {length(now - since)}"
            yield evidence.of_record(record, "unused", words)
    for key in evidence.keys:
        for previous in key.state.previous:
            listed = evidence.cloud.keys.get(previous.key_id)
            if listed is None or listed.last_used_at is None or previous.expires_at <= now:
                continue
            # As the provider does: a consumer that reads again in its own time has done so within a quarter of the overlap.
            watched = (previous.extended_at or previous.rotated_at) + key.inputs.overlap / 4
            if listed.last_used_at > watched:
                words = (
                    f"previous key {previous.key_id} was used {moment(listed.last_used_at, '')} UTC, "
                    f"and ends {moment(previous.expires_at, '')} UTC"
                )
                yield evidence.of_key(key, "previous-still-used", words, key_id=previous.key_id)


def _strangers(evidence: Evidence) -> Iterator[Finding]:
    for record in evidence.records:
        if record.state is KeyState.UNMANAGED:
            said = f" ({record.description})" if record.description else ""
            yield evidence.of_record(
                record, "unmanaged", f"key {record.key_id} of {record.account}{said}: no stack declares it"
            )
        elif record.state is KeyState.ORPHAN:
            ends = f"works until {moment(record.expires_at, '')} UTC" if record.expires_at else "never ends"
            yield evidence.of_record(record, "orphan", f"key {record.key_id} {ends}")


def _key_makers(evidence: Evidence) -> Iterator[Finding]:
    known: dict[str, tuple[str, str]] = {it.account_id: ("", it.name) for it in evidence.cloud.accounts.values()}
    grants: set[tuple[str, str, str]] = set()
    for stack in evidence.stacks:
        for account in stack.accounts.values():
            known[account.account_id] = (stack.stack, account.name)
            grants |= {(account.account_id, role, account.folder_id) for role in account.roles}
    for folder, listed in evidence.access.on_folders.items():
        for who, role in listed:
            kind, _, account_id = who.partition(":")
            if kind == "serviceAccount":
                grants.add((account_id, role, folder))
    for account_id, listed in sorted(evidence.access.on_accounts.items()):
        stack_name, name = known.get(account_id, ("", account_id))
        for who, role in sorted(set(listed)):
            if role in _MAKES_KEYS:
                words = f"{who} has {role} on account {name} itself"
                yield evidence.of_account("can-make-keys", stack_name, account_id, name, words)
    for account_id, role, folder in sorted(grants):
        if role in _MAKES_KEYS:
            stack_name, name = known.get(account_id, ("", account_id))
            words = f"{name} has {role} on folder {folder}"
            yield evidence.of_account("can-make-keys", stack_name, account_id, name, words)


def _readers(evidence: Evidence) -> Iterator[Finding]:
    folders: dict[str, list[tuple[str, str]]] = {}
    for stack in evidence.stacks:
        for secret in stack.secrets.values():
            for who, role in sorted(evidence.access.on_secrets.get(secret.secret_id, ())):
                if role in _READS_SECRETS and who not in secret.readers:
                    words = f"{who} has {role} on Lockbox secret {secret.name} ({secret.secret_id}), and is none of its readers"
                    key = next((key for key in stack.keys if key.secret == secret), None)
                    account = key.account_name if key else ""
                    yield Finding(
                        RULES["wide-readers"],
                        RULES["wide-readers"].severity,
                        f"{stack.stack}/secret/{secret.name}",
                        words,
                        stack.stack,
                        account,
                        owner=key.owner if key else "",
                        place=evidence.place(stack.stack, account),
                    )
            if secret.folder_id:
                folders.setdefault(secret.folder_id, []).append((stack.stack, secret.name))
    for folder, secrets in sorted(folders.items()):
        for who, role in sorted(evidence.access.on_folders.get(folder, ())):
            if role in _READS_SECRETS:
                words = f"{who} has {role} on folder {folder}, and so reads {counted(len(secrets), 'declared secret')} in it"
                yield Finding(RULES["wide-readers"], RULES["wide-readers"].severity, f"folder/{folder}/{who}", words)


def _dead_secrets(evidence: Evidence) -> Iterator[Finding]:
    states = {record.key_id: record.state for record in evidence.records}
    owned = {it.secret_id: stack.stack for stack in evidence.stacks for it in stack.secrets.values()}
    accounts = {key.secret.secret_id: key for key in evidence.keys if key.secret}
    for secret in sorted(evidence.access.secrets.values(), key=lambda it: it.name):
        key_id = secret.current_key
        # A key of an account elsewhere isn't known to be dead.
        dead = key_id and (
            states.get(key_id) in (KeyState.EXPIRED, KeyState.MISSING) or _is_gone(evidence, key_id, secret.secret_id)
        )
        if dead:
            stack = owned.get(secret.secret_id, "")
            key = accounts.get(secret.secret_id)
            account, owner = (key.account_name, key.owner) if key else ("", "")
            subject = f"{stack}/secret/{secret.name}" if stack else f"secret/{secret.name}"
            words = f"the current version of Lockbox secret {secret.name} ({secret.secret_id}) was made for key {key_id}, which works no longer"
            place = evidence.place(stack, account) if account else None
            rule = RULES["no-live-key"]
            yield Finding(rule, rule.severity, subject, words, stack, account, key_id=key_id, owner=owner, place=place)


def _is_gone(evidence: Evidence, key_id: str, secret_id: str) -> bool:
    """Whether a declared secret's key is in none of the listed accounts, though its account was listed."""
    accounts = {
        key.state.applied.service_account_id
        for key in evidence.keys
        if key.secret is not None and key.secret.secret_id == secret_id
    }
    return bool(accounts) and accounts <= evidence.cloud.listed_accounts and key_id not in evidence.cloud.keys


_JUDGES: Final[tuple[Callable[[Evidence], Iterable[Finding]], ...]] = (
    _never_expires,
    _scopes,
    _scopes_and_roles,
    _lifetime,
    _schedule,
    _status,
    quota_findings,
    _use,
    _strangers,
    _key_makers,
    _readers,
    _dead_secrets,
)
