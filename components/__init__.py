"""From what the user writes to resources: spec, service catalogue, component."""

import sys
from pathlib import Path

# The typed resource classes, `pulumi_yandex_keys`, are found here by whoever imports anything of this package: nothing
# has to be built or installed for them, neither by set-up nor by `pulumi install`. First, so that they are this
# checkout's also where some release of them is installed.
_SDK = str(Path(__file__).resolve().parents[1] / "sdk" / "python")
if _SDK not in sys.path:
    sys.path.insert(0, _SDK)
