"""One `google.rpc.Status` for a process that holds both the Pulumi SDK and the yandexcloud SDK.

Both ship generated code that registers the message `google.rpc.Status` under a file name of their own, and protobuf refuses the second
("duplicate symbol", seen with pulumi 3.259 and 3.272). The messages are identical, so Pulumi is handed the one of googleapis-common-protos.
Import this module before the first import of `pulumi`. `tests/provider/test_protobuf_status.py` fails when it is no longer needed.
"""

from __future__ import annotations

import sys

from google.rpc import status_pb2

sys.modules.setdefault("pulumi.runtime.proto.status_pb2", status_pb2)
