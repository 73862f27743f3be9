"""The quotas of the cloud, to read: how many there may be of what the emulator has, and how many there are."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import DoubleValue
from yandex.cloud.quotamanager.v1 import quota_limit_service_pb2 as api
from yandex.cloud.quotamanager.v1.resource_pb2 import Resource

from emulator.errors import bad_request, not_found
from emulator.state.access_binding import AccessBindings
from emulator.state.backend import Backend
from emulator.state.call import Call
from emulator.state.paging import page_of_list
from emulator.storage import Kind

_CLOUD = "resource-manager.cloud"
_SERVICES = {"iam": "Identity and Access Management", "lockbox": "Lockbox"}


class Quotas:
    """The quotas that creations are held to. They are the cloud's: folders and organizations have none here."""

    def __init__(self, backend: Backend, access: AccessBindings) -> None:
        self._backend = backend
        self._access = access

    def get(self, request: api.GetQuotaLimitRequest, call: Call) -> api.QuotaLimit:
        """One quota of a cloud, with its use. Raises NOT_FOUND."""
        self._allow(request.resource, call)
        for quota in self._every():
            if quota.quota_id == request.quota_id:
                return quota
        raise not_found("Quota", request.quota_id)

    def page(self, request: api.ListQuotaLimitsRequest, call: Call) -> api.ListQuotaLimitsResponse:
        """The quotas of one service. Raises NOT_FOUND."""
        self._allow(request.resource, call)
        if request.service not in _SERVICES:
            raise not_found("Service", request.service)
        of_service = [quota for quota in self._every() if quota.quota_id.partition(".")[0] == request.service]
        page, token = page_of_list(of_service, request)
        return api.ListQuotaLimitsResponse(resource=request.resource, quota_limits=page, next_page_token=token)

    def list_services(self, request: api.ListServicesRequest, _: Call) -> api.ListServicesResponse:
        """The services that have quotas of that type of resource."""
        every = [api.Service(id=name, name=title) for name, title in _SERVICES.items()]
        page, token = page_of_list(every if request.resource_type == _CLOUD else [], request)
        return api.ListServicesResponse(services=page, next_page_token=token)

    def _allow(self, resource: Resource, call: Call) -> None:
        if resource.type != _CLOUD:
            raise bad_request([("resource.type", f"has to be {_CLOUD}")])
        cloud = self._backend.existing(Kind.CLOUD, resource.id, "Cloud")
        self._access.require(call, "quota-manager.quotaLimits.get", [cloud.id])

    def _every(self) -> list[api.QuotaLimit]:
        settings = self._backend.settings
        limits = (
            ("iam.apiKeys.count", settings.api_key_quota, Kind.API_KEY),
            ("iam.serviceAccounts.count", settings.service_account_quota, Kind.SERVICE_ACCOUNT),
            ("lockbox.secrets.count", settings.secret_quota, Kind.SECRET),
        )
        return [
            api.QuotaLimit(
                quota_id=name,
                limit=DoubleValue(value=limit),
                usage=DoubleValue(value=self._backend.storage.count(kind)),
            )
            for name, limit, kind in limits
        ]
