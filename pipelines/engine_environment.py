"""Which variables of a job the engine gets, and with it the program and the plugin.

A request's program is whoever's wrote the request. It gets what it needs to run and to log in, and nothing that happens to be in the
job besides: no token of the forge, no address to ask for tokens, no registry's password. This keeps those from being inherited; a
program that looks into other processes of its own job finds them, so a job that runs a program isn't given them in the first place.

How the engine logs in where the state lies, and to what encrypts its secrets, is said by variables as well. Those of Object Storage are
let through always; others where the state's address, or the stack's secrets provider, is one that reads them (docs/state.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

# What any program needs, and the way out to the network; the engine's own settings, the state's in Object Storage, the provider's.
_ALLOWED: Final = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TERM|NO_COLOR|TMPDIR|TMP|TEMP|SSL_CERT_(?:FILE|DIR)"
    r"|(?:HTTPS?|NO|ALL)_PROXY|(?:https?|no|all)_proxy|(?:LC|XDG|PULUMI|AWS|YC|YANDEX_KEYS)_\w+"
)
_AZURE: Final = re.compile(r"AZURE_\w+|(?:IDENTITY|MSI|IMDS)_(?:ENDPOINT|HEADER|SECRET|SERVER_THUMBPRINT)")
_GOOGLE: Final = re.compile(r"GOOGLE_\w+|CLOUDSDK_\w+|GCE_METADATA_(?:HOST|IP|ROOT)|STORAGE_EMULATOR_HOST")
FAMILIES: Final = {
    "azblob": _AZURE,
    "azurekeyvault": _AZURE,
    "gs": _GOOGLE,
    "gcpkms": _GOOGLE,
    "hashivault": re.compile(r"VAULT_\w+"),
    "postgres": re.compile(r"PG[A-Z]+"),
}
"""What else the engine (3.259) reads, by the scheme of an address: of the state, or of what encrypts its secrets."""
_BACKEND: Final = "PULUMI_BACKEND_URL"


def allowed(environment: Mapping[str, str], more: Sequence[str] = (), secrets_provider: str = "") -> dict[str, str]:
    """What of `environment` the engine gets for a stack with that secrets provider; `more` are names, or beginnings of names (`OUR_*`), that
    the team lets through besides."""
    families = [FAMILIES.get(_scheme(url)) for url in (environment.get(_BACKEND, ""), secrets_provider)]
    patterns = [_ALLOWED, *(family for family in families if family)]
    return {
        name: value
        for name, value in environment.items()
        if any(it.fullmatch(name) for it in patterns) or any(fnmatchcase(name, it) for it in more)
    }


def _scheme(url: str) -> str:
    return url.partition("://")[0] if "://" in url else ""
