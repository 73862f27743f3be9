"""What `make up`, `make status`, `make down` and `make env` do."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from setup import json_file
from setup.engine import provision
from setup.file_lock import exclusive
from setup.progress import say
from tools.local_stack import consumer, local_cloud, receipts
from tools.local_stack.api_keys import ApiKey
from tools.local_stack.local_cloud import LocalCloud
from tools.local_stack.places import Places
from tools.local_stack.receipts import Receipt
from tools.local_stack.shell_environment import export_lines, local_variables, process_environment
from tools.local_stack.stack import Stack

NEXT = (
    'Next: eval "$(make -s env)" lets plain `pulumi` work here; change a line of stacks/Pulumi.local.yaml, then run `pulumi preview`.\n'
    "`make status` shows this table again, `make demo` the whole story, `make down` ends it."
)
STAYS = (
    "The stack stays, empty, and so does stacks/Pulumi.local.yaml: `make up` brings all back. Leave `pulumi stack rm` alone: it would delete "
    "that file, which git tracks."
)


def status(repository: Path, environment: Mapping[str, str]) -> None:
    """Shows the receipts of the local stack as a table, as the last run left them."""
    places = Places(repository)
    made: Mapping[str, Receipt] = {}
    if places.has_stack:
        engine = provision.provide(environment, repository)
        made = _stack(places, engine, None, environment).receipts()
    print(_table(made) if made else "Nothing is up: `make up` brings the local stack up.")


def up(repository: Path, environment: Mapping[str, str]) -> None:
    """Brings the local stack up, and shows its receipts and one call made with a delivered key."""
    places = Places(repository)
    engine = provision.provide(environment, repository)
    with _alone(places):
        cloud = local_cloud.provide(places)
        stack = _stack(places, engine, cloud, environment)
        stack.select()
        stack.heal()
        # State that describes a cloud whose data was thrown away since is first compared with today's.
        known = (json_file.read_object(places.cloud_of_state) or {}).get("cloudId", cloud.cloud_id)
        calls = cloud.calls()
        changes = stack.up(refresh=known != cloud.cloud_id)
        calls = cloud.calls() - calls
        json_file.write(places.cloud_of_state, {"cloudId": cloud.cloud_id})
        made = stack.receipts()
        shown = [_table(made), called(cloud, stack.api_keys())] if made else ["The stack declares no keys."]
        print("\n" + "\n\n".join([outcome(changes, calls), *shown, NEXT]))


def outcome(changes: Mapping[str, int], calls: int) -> str:
    """What a run changed, in words."""
    kept = changes.get("same", 0)
    changed = {kind: count for kind, count in sorted(changes.items()) if kind != "same" and count}
    api_calls = "1 API call" if calls == 1 else f"{calls} API calls"
    if not changed:
        return f"Nothing to change: all {kept} resources are as declared; {api_calls}."
    words = ", ".join(f"{count} {kind}" for kind, count in changed.items())
    return f"Changed: {words}; {kept} as they were; {api_calls}."


def down(repository: Path, environment: Mapping[str, str]) -> None:
    """Destroys the local stack and stops the local cloud; says so where there is nothing to do."""
    places = Places(repository)
    with _alone(places):
        destroyed = _destroy(places, repository, environment)
        stopped = local_cloud.stop(places)
    if destroyed:
        print(STAYS)
    if stopped:
        print("The local cloud is stopped; its data stays in .local/emulator.")
    elif not destroyed:
        print("Nothing is up.")


def env(repository: Path, environment: Mapping[str, str]) -> None:
    """Prints the lines for `eval "$(make -s env)"`, and nothing else on standard output."""
    places = Places(repository)
    engine = provision.provide(environment, repository)
    cloud = local_cloud.find(places)
    if cloud is None:
        say("the local cloud isn't running: `make up` starts it; run this again after that")
    # Of all commands of the engine only a login makes the folder of a backend.
    places.state.mkdir(parents=True, exist_ok=True)
    variables = local_variables(places, engine, cloud, environment.get("PATH", ""))
    if cloud is None:
        variables |= local_cloud.where_it_was(places)
    for line in export_lines(environment, variables):
        print(line)


def _alone(places: Places) -> AbstractContextManager[None]:
    lock = places.local / "local-stack.lock"
    return exclusive(lock, lambda: say("another `make up` or `make down` is running; waiting for it"))


def _stack(places: Places, engine: provision.Engine, cloud: LocalCloud | None, environment: Mapping[str, str]) -> Stack:
    places.state.mkdir(parents=True, exist_ok=True)
    variables = local_variables(places, engine, cloud, environment.get("PATH", ""))
    return Stack(engine, places, process_environment(environment, variables))


def _destroy(places: Places, repository: Path, environment: Mapping[str, str]) -> bool:
    """Destroys what the stack holds; answers whether that was anything."""
    if not places.has_stack:
        return False
    engine = provision.provide(environment, repository)
    if not _stack(places, engine, None, environment).has_resources():
        return False
    # They can only be deleted in a cloud that runs.
    stack = _stack(places, engine, local_cloud.provide(places), environment)
    stack.select()
    stack.heal()
    stack.destroy()
    return True


def _table(made: Mapping[str, Receipt]) -> str:
    return receipts.table(made, shutil.get_terminal_size().columns)


def called(cloud: LocalCloud, keys: Mapping[str, ApiKey]) -> str:
    """One call with the first key that its own account may read and use, in words; what is missing where there is none.

    Raises ConsumerRefused where the account may, and the call fails all the same.
    """
    for name, service in consumer.candidates(keys, cloud.services_by_header()):
        try:
            answer = consumer.call(cloud, keys[name], service)
        except consumer.MayNot:
            continue
        lockbox = keys[name].get("lockbox")
        assert lockbox is not None
        return (
            f"As a consumer of {name}, with the account's own token:\n"
            f"  read   {lockbox['secretEntry']} of Lockbox secret {lockbox['secretId']}\n"
            f"  call   {answer.url}\n  answer {answer.status} {answer.body}"
        )
    return "No call is shown: no account may read a key of its own that can be tried here; `readers: [self]` of an account lets it."
