"""Which variables of a job the engine gets, and with it the program and the plugin.

A request's program is whoever's wrote the request. It gets what it needs to run and to log in, and nothing that happens to be in the
job besides: no token of the forge, no address to ask for tokens, no registry's password. This keeps those from being inherited; a
program that looks into other processes of its own job finds them, so a job that runs a program isn't given them in the first place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# What any program needs, and the way out to the network; the engine's own settings, the state's in Object Storage, the provider's.
_ALLOWED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TERM|NO_COLOR|TMPDIR|TMP|TEMP|SSL_CERT_(?:FILE|DIR)"
    r"|(?:HTTPS?|NO|ALL)_PROXY|(?:https?|no|all)_proxy|(?:LC|XDG|PULUMI|AWS|YC|YANDEX_KEYS)_\w+"
)


def allowed(environment: Mapping[str, str], more: Sequence[str] = ()) -> dict[str, str]:
    """What of `environment` the engine gets; `more` are names that the team's own program needs."""
    return {name: value for name, value in environment.items() if _ALLOWED.fullmatch(name) or name in more}
