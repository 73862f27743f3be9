"""The services of Lockbox."""

from __future__ import annotations

from typing import Any

from yandex.cloud.lockbox.v1.payload_service_pb2_grpc import PayloadServiceServicer
from yandex.cloud.lockbox.v1.secret_service_pb2_grpc import SecretServiceServicer

from emulator.state.lockbox_payload import SecretVersions
from emulator.state.lockbox_secret import Secrets


class SecretService(SecretServiceServicer):
    """Secrets and their versions."""

    def __init__(self, secrets: Secrets, versions: SecretVersions) -> None:
        self._secrets = secrets
        self._versions = versions

    def Get(self, request: Any, context: Any) -> Any:
        """One secret, without payload."""
        return self._secrets.get(request.secret_id, context.call)

    def List(self, request: Any, context: Any) -> Any:
        """The secrets of a folder."""
        return self._secrets.page(request, context.call)

    def Create(self, request: Any, context: Any) -> Any:
        """A new secret."""
        return self._secrets.create(request, context.call)

    def Update(self, request: Any, context: Any) -> Any:
        """Changes a secret."""
        return self._secrets.update(request, context.call)

    def Delete(self, request: Any, context: Any) -> Any:
        """Deletes a secret with its versions."""
        return self._secrets.delete(request.secret_id, context.call)

    def Activate(self, request: Any, context: Any) -> Any:
        """Makes the payload readable."""
        return self._secrets.activate(request.secret_id, context.call)

    def Deactivate(self, request: Any, context: Any) -> Any:
        """Makes the payload unreadable."""
        return self._secrets.deactivate(request.secret_id, context.call)

    def ListOperations(self, request: Any, context: Any) -> Any:
        """What was done to it."""
        return self._secrets.list_operations(request, context.call)

    def ListAccessBindings(self, request: Any, context: Any) -> Any:
        """Who has which role here."""
        return self._secrets.list_access_bindings(request, context.call)

    def SetAccessBindings(self, request: Any, context: Any) -> Any:
        """Replaces the bindings."""
        return self._secrets.set_access_bindings(request, context.call)

    def UpdateAccessBindings(self, request: Any, context: Any) -> Any:
        """Adds and removes bindings."""
        return self._secrets.update_access_bindings(request, context.call)

    def ListVersions(self, request: Any, context: Any) -> Any:
        """The versions of a secret."""
        return self._versions.page(request, context.call)

    def AddVersion(self, request: Any, context: Any) -> Any:
        """A new version, merged into its base."""
        return self._versions.add(request, context.call)

    def SetCurrentVersion(self, request: Any, context: Any) -> Any:
        """Makes a version current."""
        return self._versions.set_current(request, context.call)

    def ScheduleVersionDestruction(self, request: Any, context: Any) -> Any:
        """Has a version destroyed later."""
        return self._versions.schedule(request, context.call)

    def CancelVersionDestruction(self, request: Any, context: Any) -> Any:
        """Takes a version back."""
        return self._versions.cancel(request, context.call)


class PayloadService(PayloadServiceServicer):
    """What versions hold."""

    def __init__(self, versions: SecretVersions) -> None:
        self._versions = versions

    def Get(self, request: Any, context: Any) -> Any:
        """The payload of a version."""
        return self._versions.payload(request, context.call)

    def GetEx(self, request: Any, context: Any) -> Any:
        """The same as bytes by key."""
        return self._versions.payload_ex(request, context.call)
