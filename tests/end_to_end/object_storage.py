"""Object Storage as an S3 client sees it, and the service that issues ephemeral keys for it: as much of both as a state needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from cli.checkpoint_files import opened
from tests.pipelines.http_stub import Answer, Asked, serving

KEY = {"accessKeyId": "ajeephemeral00000000", "secret": "YCephemeralsecret", "sessionToken": "s1.ephemeral-session"}


@dataclass
class ObjectStorage:
    """One bucket, `state`, for whoever signs with the ephemeral key; `iam_tokens` are those that a key was issued for."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    iam_tokens: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def backend_url(self) -> str:
        """As pipelines/README.md has it, but for plain HTTP on this machine."""
        address = self.url.removeprefix("http://")
        return f"s3://state?endpoint={address}&disableSSL=true&region=ru-central1&s3ForcePathStyle=true"

    def answer(self, asked: Asked) -> Answer:
        path, _, query = asked.path.partition("?")
        if path == "/iam/aws-compatibility/v1/ephemeralAccessKeys":
            self.iam_tokens.append(asked.headers["authorization"].removeprefix("Bearer "))
            return Answer({**KEY, "expiresAt": "2100-01-01T00:00:00Z"})
        signed = f"Credential={KEY['accessKeyId']}/" in asked.headers.get("authorization", "")
        if not signed or asked.headers.get("x-amz-security-token") != KEY["sessionToken"]:
            self.refused.append(asked.path)
            return _error(403, "AccessDenied")
        name = unquote(path).removeprefix("/state").lstrip("/")
        if not name:
            return self._listing(parse_qs(query, keep_blank_values=True))
        return self._object(asked, name)

    def _object(self, asked: Asked, name: str) -> Answer:
        match asked.method:
            case "PUT" if "x-amz-copy-source" in asked.headers:
                source = unquote(asked.headers["x-amz-copy-source"]).lstrip("/").removeprefix("state/")
                self.objects[name] = self.objects[source]
                return _xml("<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")
            case "PUT":
                self.objects[name] = asked.body
                return Answer(raw=b"", headers={"ETag": '"e"'})
            case "DELETE":
                self.objects.pop(name, None)
                return Answer(raw=b"", status=204)
            case _ if name in self.objects:
                return Answer(raw=self.objects[name], headers={"ETag": '"e"', "Last-Modified": _MODIFIED})
            case _:
                return _error(404, "NoSuchKey")

    def _listing(self, query: dict[str, list[str]]) -> Answer:
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        items, folders = [], set()
        for name, content in sorted(self.objects.items()):
            rest = name.removeprefix(prefix)
            if not name.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
            else:
                items.append(
                    f"<Contents><Key>{escape(name)}</Key><Size>{len(content)}</Size><ETag>e</ETag>"
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)
        )
        return _xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(items)}{common}</ListBucketResult>")

    def state_of(self, stack: str) -> dict[str, object]:
        """The deployment that the state of `stack` holds."""
        (name,) = [name for name in self.objects if re.fullmatch(rf"\.pulumi/stacks/[^/]+/{stack}\.json\.zst", name)]
        deployment: dict[str, object] = json.loads(opened(self.objects[name]))["checkpoint"]["latest"]
        return deployment


_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"


def _xml(text: str) -> Answer:
    return Answer(raw=f'<?xml version="1.0"?>{text}'.encode(), headers={"Content-Type": "application/xml"})


def _error(status: int, code: str) -> Answer:
    answer = _xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")
    return Answer(raw=answer.raw, status=status, headers=answer.headers)


@contextmanager
def storing() -> Iterator[ObjectStorage]:
    """Serves an empty bucket for as long as the block runs."""
    storage = ObjectStorage()
    with serving(storage.answer) as stub:
        storage.url = stub.url
        yield storage
