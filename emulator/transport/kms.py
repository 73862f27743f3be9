"""The services of Key Management Service."""

from __future__ import annotations

from typing import Any

from yandex.cloud.kms.v1.symmetric_key_service_pb2_grpc import SymmetricKeyServiceServicer

from emulator.state.symmetric_key import SymmetricKeys


class SymmetricKeyService(SymmetricKeyServiceServicer):
    """Symmetric keys and their versions."""

    def __init__(self, keys: SymmetricKeys) -> None:
        self._keys = keys

    def Get(self, request: Any, context: Any) -> Any:
        """One key."""
        return self._keys.get(request.key_id, context.call)

    def List(self, request: Any, context: Any) -> Any:
        """The keys of a folder."""
        return self._keys.page(request, context.call)

    def Create(self, request: Any, context: Any) -> Any:
        """A new key."""
        return self._keys.create(request, context.call)

    def Update(self, request: Any, context: Any) -> Any:
        """Changes a key."""
        return self._keys.update(request, context.call)

    def Delete(self, request: Any, context: Any) -> Any:
        """Deletes a key."""
        return self._keys.delete(request.key_id, context.call)

    def Rotate(self, request: Any, context: Any) -> Any:
        """A new primary version."""
        return self._keys.rotate(request.key_id, context.call)

    def SetPrimaryVersion(self, request: Any, context: Any) -> Any:
        """Makes a version the primary one."""
        return self._keys.set_primary(request, context.call)

    def ListVersions(self, request: Any, context: Any) -> Any:
        """The versions of a key."""
        return self._keys.list_versions(request, context.call)

    def ScheduleVersionDestruction(self, request: Any, context: Any) -> Any:
        """Has a version destroyed later."""
        return self._keys.schedule(request, context.call)

    def CancelVersionDestruction(self, request: Any, context: Any) -> Any:
        """Takes a version back."""
        return self._keys.cancel(request, context.call)

    def ListOperations(self, request: Any, context: Any) -> Any:
        """What was done to it."""
        return self._keys.list_operations(request, context.call)

    def ListAccessBindings(self, request: Any, context: Any) -> Any:
        """Who has which role here."""
        return self._keys.list_access_bindings(request, context.call)

    def SetAccessBindings(self, request: Any, context: Any) -> Any:
        """Replaces the bindings."""
        return self._keys.set_access_bindings(request, context.call)

    def UpdateAccessBindings(self, request: Any, context: Any) -> Any:
        """Adds and removes bindings."""
        return self._keys.update_access_bindings(request, context.call)
