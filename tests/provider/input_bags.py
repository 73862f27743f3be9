"""An API key's inputs as the engine hands them over, and what the provider's check says of them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from provider.yandex_keys.api_key.inputs import checked
from provider.yandex_keys.errors import InvalidInput

ACCOUNT: Final = "ajeaccount"


def bag(**changes: Any) -> dict[str, Any]:
    """The least that an API key needs, but for `changes`."""
    least = {"serviceAccountId": ACCOUNT, "scopes": ["yc.ai.translate.execute"], "lockbox": {"secretId": "e6qsecret"}}
    return {**least, **changes}


def problems(**changes: Any) -> dict[str, str]:
    """What is said of `bag(**changes)`, by path."""
    with pytest.raises(InvalidInput) as raised:
        checked(bag(**changes))
    assert len(dict(raised.value.problems)) == len(raised.value.problems)
    assert str(raised.value).count("\n") == len(raised.value.problems) - 1
    return dict(raised.value.problems)
