"""Where the services are: all at the emulator's own address."""

from __future__ import annotations

from typing import Final

from yandex.cloud.endpoint import api_endpoint_service_pb2 as api
from yandex.cloud.endpoint.api_endpoint_pb2 import ApiEndpoint

from emulator.errors import not_found
from emulator.state.call import Call

SERVED: Final = (
    "endpoint",
    "iam",
    "kms",
    "lockbox",
    "lockbox-payload",
    "operation",
    "organization-manager",
    "quota-manager",
    "resource-manager",
)
"""The ids of the services that the emulator has; official clients look them up by these."""

_OTHERS: Final = (
    "adviser ai-assistants ai-files ai-fomo-dataset ai-fomo-tuning ai-foundatation-models ai-foundation-models "
    "ai-llm ai-ocr ai-speechkit ai-stt ai-translate ai-tts ai-vision ai-vision-ocr alb alert-sink "
    "apigateway-connections apploadbalancer audittrails backup baremetal billing broker-data cdn "
    "certificate-manager certificate-manager-data certificate-manager-private-ca "
    "certificate-manager-private-ca-data cic cloud-registry cloudapps clouddesktops cloudrouter compute "
    "connection-manager container-registry datacatalog dataproc dataproc-manager datasphere datatransfer dns gitlab "
    "iot-broker iot-data iot-devices k8s kms-crypto load-balancer loadtesting locator log-ingestion log-reading "
    "logging logs managed-airflow managed-clickhouse managed-elasticsearch managed-greenplum managed-kafka "
    "managed-kubernetes managed-metastore managed-mongodb managed-mysql managed-opensearch managed-postgresql "
    "managed-redis managed-spark managed-spqr managed-sqlserver managed-trino managed-ytsaurus managed-zonalshift "
    "marketplace mcp-gateway mdb-clickhouse mdb-kafka mdb-mongodb mdb-mysql mdb-opensearch mdb-postgresql mdb-redis "
    "mdb-sqlserver mdbproxy monitoring organizationmanager quota resourcemanager "
    "searchapi serverless-apigateway serverless-containers serverless-eventrouter serverless-functions "
    "serverless-gateway-connections serverless-triggers serverless-workflows serverlessapigateway servicename "
    "smart-captcha smart-web-security speechsense storage storage-api trino video vpc ycvc ydb"
)

NOT_SERVED: Final = frozenset(_OTHERS.split())
"""Ids that clients may ask for as well; a call of their services is answered UNIMPLEMENTED, which says more than a
client's own complaint that it doesn't know where to go."""


class Endpoints:
    """The discovery that every client begins with; it needs no token."""

    address = ""
    """Of everything: `127.0.0.1:P`."""

    def get(self, request: api.GetApiEndpointRequest, _: Call) -> ApiEndpoint:
        """One service's address."""
        if request.api_endpoint_id not in (*SERVED, *NOT_SERVED):
            raise not_found("Endpoint", request.api_endpoint_id)
        return ApiEndpoint(id=request.api_endpoint_id, address=self.address)

    def page(self, _: api.ListApiEndpointsRequest, __: Call) -> api.ListApiEndpointsResponse:
        """All addresses, on one page."""
        names = sorted((*SERVED, *NOT_SERVED))
        return api.ListApiEndpointsResponse(endpoints=[ApiEndpoint(id=name, address=self.address) for name in names])
