"""Bad input gets one clear error, in one run, before any call to the cloud."""

from __future__ import annotations

from tests.support.local_cloud import LocalCloud
from tests.support.stack import Stack


def test_one_run_lists_every_problem_with_its_path_and_no_call_is_made(stack: Stack, cloud: LocalCloud) -> None:
    stack.write(
        [
            {"name": "Translator", "keys": [{"name": "default", "uses": ["transalte"], "lifetime": "3 months"}]},
            {
                "name": "nightly",
                "keys": [{"name": "a", "scopes": []}, {"name": "a", "uses": ["vision"], "colour": "red"}],
            },
            {
                "name": "short",
                "keys": [{"name": "a", "uses": ["vision"], "lifetime": "7d", "rotateEvery": "6d", "overlap": "2d"}],
            },
            {"name": "nightly", "keys": [{"name": "b", "uses": ["vision"], "deliver": "nowhere"}]},
        ]
    )
    cloud.forget_calls()
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    for path in (
        "accounts[0].name",
        "accounts[0].keys[0] (default).uses[0]",
        "accounts[0].keys[0] (default).lifetime",
        "accounts[1] (nightly).keys[0] (a).scopes",
        "accounts[1] (nightly).keys[1] (a).name",
        "accounts[1] (nightly).keys[1] (a).colour",
        "accounts[2] (short).keys[0] (a)",
        "accounts[3] (nightly).name",
        "accounts[3] (nightly).keys[0] (b).deliver",
    ):
        assert path in printed, path
    assert "Traceback" not in printed
    assert cloud.calls() == {}


def test_a_wrong_account_ends_a_program_of_ones_own_with_its_lines_alone(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([])
    (stack.directory / "__main__.py").write_text(
        "from components.service_account_keys import ServiceAccountKeys\n"
        "ServiceAccountKeys('desk', {'name': 'Desk', 'keys': [{'name': 'a', 'uses': ['vision'], 'overlap': '7 days'}]})\n"
    )
    cloud.forget_calls()
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert "the account of desk has 2 problems:" in printed
    assert "keys[0] (a).overlap: '7 days'" in printed
    assert "Traceback" not in printed
    assert ".py" not in printed, "not a line of the program's own inside"
    assert cloud.calls() == {}


def test_wrong_settings_and_credentials_are_one_line_before_anything_starts(stack: Stack, cloud: LocalCloud) -> None:
    stack.write([{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}])
    cloud.forget_calls()
    for setting, value, said in (
        ("YC_SERVICE_ACCOUNT_KEY_FILE", "/nowhere/key.json", "/nowhere/key.json"),
        ("YC_ENDPOINT", "https://api.example", "without a scheme"),
        ("YANDEX_KEYS_AS_OF", "tomorrow", "is no time to judge by"),
    ):
        failed, printed = stack.attempt("up", "--yes", "--skip-preview", more={setting: value})
        assert failed, setting
        assert said in printed
        assert "Traceback" not in printed
    assert cloud.calls() == {}


def test_a_cloud_whose_certificate_is_not_trusted_is_refused_with_the_remedy(stack: Stack, cloud: LocalCloud) -> None:
    import certifi

    stack.write([{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}])
    failed, printed = stack.attempt(
        "up", "--yes", "--skip-preview", more={"YANDEX_KEYS_ROOT_CERTIFICATES": certifi.where()}
    )
    assert failed
    assert "YANDEX_KEYS_ROOT_CERTIFICATES" in printed
    assert "Traceback" not in printed


def test_an_encrypted_value_is_refused_with_its_path_and_neither_shown_nor_kept(
    stack: Stack, cloud: LocalCloud
) -> None:
    stack.write([{"name": "translator", "keys": [{"name": "default", "uses": ["translate"]}]}])
    path = "api-keys:accounts[0].keys[0].description"
    stack.run("config", "set", "--secret", "--path", path, "Sesame, open!")
    cloud.forget_calls()
    failed, printed = stack.attempt("up", "--yes", "--skip-preview")
    assert failed
    assert (
        "accounts[0] (translator).keys[0] (default).description: is encrypted: write it in plain text or leave it out"
        in printed
    )
    assert "Sesame" not in printed
    assert "Sesame" not in stack.run("stack", "export")
    assert cloud.calls() == {}
    stack.run("config", "set", "--path", path, "The desk")
    stack.up()
