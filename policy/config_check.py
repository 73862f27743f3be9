"""Refuses a config file with mistakes before anything is judged by it.

Pulumi's SDK (pulumi-policy 1.21) has no place for that: it keeps whatever the engine sends. So the method that
the engine calls, of a private class of the SDK, gets a look at it first. A test with the real engine fails where that changes.
"""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import policy as sdk

from policy.settings import Setting, problems


def refuse_mistakes(policies: Mapping[str, Mapping[str, Setting]]) -> None:
    """From here on a pack answers a config that has mistakes with all of them, and the engine stops."""
    keep = sdk._PolicyAnalyzerServicer.Configure

    def configure(
        servicer: object, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        config = {name: json_format.MessageToDict(it.properties) for name, it in request.policyConfig.items()}
        found = problems(config, policies)
        if found:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "; ".join(found))
        answer: empty_pb2.Empty = keep(servicer, request, context)
        return answer

    sdk._PolicyAnalyzerServicer.Configure = configure
