"""Who may edit only a stack file gets nothing: through the real engine, in preview and in up, with a sink that stays empty."""

from __future__ import annotations

import json
import signal

import pytest

from tests.provider.endpoint_stub import silent
from tests.reliability.sinks import OIDC, SECRET, sink
from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack

ACCOUNTS = [{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}]
COMMANDS = (("preview",), ("up", "--yes", "--skip-preview"))


@pytest.mark.parametrize("setting", ["federatedToken", "tokenExchangeUrl", "endpoint"])
def test_a_stack_file_sends_nothing_of_the_machine_anywhere(stack: Stack, cloud: LocalCloud, setting: str) -> None:
    file = stack.directory / "a-file-of-the-machine"
    file.write_text(SECRET)
    runner = {
        "YANDEX_KEYS_AS_OF": "",
        "YANDEX_KEYS_FEDERATED_TOKEN": OIDC,
        "YANDEX_KEYS_FEDERATED_SERVICE_ACCOUNT_ID": "ajedeployer",
        "YC_SERVICE_ACCOUNT_KEY_FILE": "" if setting == "tokenExchangeUrl" else cloud.ready["serviceAccountKey"],
    }
    with sink() as caught:
        given, said = {
            "federatedToken": (str(file), "YANDEX_KEYS_FEDERATED_TOKEN"),
            "tokenExchangeUrl": (f"http://127.0.0.1:{caught.port}/", "YANDEX_KEYS_TOKEN_EXCHANGE_URL"),
            "endpoint": (caught.foreign[0], "YC_ENDPOINT"),
        }[setting]
        stack.write(ACCOUNTS, **{setting: given})
        cloud.forget_calls()
        for command in COMMANDS:
            code, printed = stack.attempt(*command, more=runner)
            assert code != 0
            assert said in printed
            assert SECRET not in printed
            assert OIDC not in printed
        assert caught.caught == []
    assert cloud.calls() == {}


def test_a_stack_file_chooses_no_other_plugin(stack: Stack, cloud: LocalCloud) -> None:
    """The project's own plugin is named by Pulumi.yaml: a version or an address in the stack file brings no other in its place."""
    with sink() as caught:
        stack.write(ACCOUNTS, version="9.9.9", pluginDownloadURL=f"http://127.0.0.1:{caught.port}")
        stack.up(more={"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "false"})
        assert caught.caught == []
    assert len(cloud.live_keys()) == 1


def test_a_preview_names_an_endpoint_that_is_not_the_clouds_once(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(ACCOUNTS)
    named = f"the endpoint is not Yandex Cloud's own: {cloud.ready['endpoint']} (YC_ENDPOINT)"
    assert stack.run("preview").partition("Diagnostics:")[2].count(named) == 1
    stack.write(ACCOUNTS, endpoint=cloud.ready["endpoint"])
    assert "(yandex-keys:endpoint)" in stack.run("preview")


def test_what_needs_no_call_needs_no_login(stack: Stack, cloud: LocalCloud) -> None:
    """A first preview, and a run with nothing to do: with credentials that are worth nothing, and no metadata service to ask."""
    stack.write(ACCOUNTS)
    with sink() as caught:
        nobody = {"YC_SERVICE_ACCOUNT_KEY_FILE": "", "YC_METADATA_ADDR": f"127.0.0.1:{caught.port}"}
        stack.run("preview", more=nobody)
        stack.bring_up(ACCOUNTS)
        assert "7 unchanged" in stack.up(more=nobody)
        assert caught.caught == []


def test_a_state_that_still_has_such_settings_takes_the_change_by_up(stack: Stack, cloud: LocalCloud) -> None:
    """`destroy` and `refresh` work with the settings that the state has: they say what to do, and it helps."""
    stack.bring_up(ACCOUNTS)
    state = json.loads(stack.run("stack", "export"))
    (provider,) = [item for item in state["deployment"]["resources"] if item["type"].startswith("pulumi:providers:")]
    provider["inputs"] = provider["outputs"] = {"rootCertificates": "/nowhere/ca.pem"}
    before = stack.directory / "before.json"
    before.write_text(json.dumps(state))
    stack.run("stack", "import", "--file", str(before))
    failed, printed = stack.attempt("destroy", "--yes", "--skip-preview")
    assert failed
    assert "set YANDEX_KEYS_ROOT_CERTIFICATES where `pulumi` runs, then run `pulumi up`" in printed
    stack.up()
    stack.destroy()
    assert cloud.live_keys() == []


@pytest.mark.usefixtures("ordinary_python")
def test_ctrl_c_ends_the_waiting_for_an_endpoint_that_is_silent(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([*ACCOUNTS, {**ACCOUNTS[0], "name": "interpreter"}])
    with silent() as endpoint:
        environment = {**stack.environment, **cloud.environment(), "YC_ENDPOINT": endpoint}
        stack.environment = environment
        cloud.environment = lambda: environment  # type: ignore[method-assign]
        process = stack.start("up", "--yes", "--skip-preview")
        assert process.stdout is not None
        printed = ""
        while not all(f"IamServiceAccount {name} creating" in printed for name in ("translator", "interpreter")):
            line = process.stdout.readline()
            assert line, printed
            printed += line
        process.send_signal(signal.SIGINT)
        printed += process.communicate()[0]
    assert "stopped, as asked" in printed
    assert "not logged in after" not in printed
    assert process.returncode != 0
