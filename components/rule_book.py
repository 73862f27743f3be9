"""The rule book of a stack file: the provider's own rules (all of it that is imported here), and the API's limits of
what has no rule there.

The API's figures are constants because this program can't load the API's protos (`yandex/cloud/iam/v1`, `lockbox/v1`,
`access`); a test holds them equal to those.
"""

from __future__ import annotations

from typing import Final

from provider.yandex_keys import as_of, durations, key_rules, marks, rotation_calendar

__all__ = ["as_of", "durations", "key_rules", "rotation_calendar"]

ACCOUNT_NAME: Final = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
SHORTEST_ACCOUNT_NAME: Final = 3
DESCRIPTION_LENGTH: Final = 256
ID_LENGTH: Final = 50
ROLE_LENGTH: Final = 64
SUBJECT_LENGTH: Final = 100
SECRET_NAME_LENGTH: Final = 100
ENTRY: Final = r"[-_./\\@0-9a-zA-Z]+"
ENTRY_LENGTH: Final = 256
LABELS: Final = 64 - len(marks.LABELS)
"""The API takes 64; the mark's are among them."""
LABEL_LENGTH: Final = 63
LABEL_KEY: Final = r"[a-z][-_0-9a-z]*"
LABEL_VALUE: Final = r"[-_0-9a-z]*"
