"""A reverse proxy before an emulator that keeps Google's rules where the emulator is kinder, and fails on request.

It refuses a write of an object, or of its metadata, whose ``ifGenerationMatch`` or ``ifMetagenerationMatch`` does not
hold (412), a table description of more than 16,384 characters (400), a table that would be replaced by one with other
partitions or clusters (400) and a job id that is taken (409). Metadata that a change does not mention stay.
:meth:`StrictProxy.fail` makes it refuse requests, or do them and lose the answer.
"""

import gzip
import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_DESCRIPTION_LIMIT = 16_384
_UPLOAD = re.compile(r"/(?:resumable/)?upload/storage/v1/b/(?P<bucket>[^/]+)/o")
_COPY = re.compile(r"/storage/v1/b/[^/]+/o/.+/(?:copyTo|rewriteTo)/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)")
_OBJECT = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)")
_CONDITIONS = {"ifGenerationMatch": "generation", "ifMetagenerationMatch": "metageneration"}
_JOBS = re.compile(r"/(?:upload/)?bigquery/v2/projects/(?P<project>[^/]+)/jobs")
_REPLACED = re.compile(
    r"CREATE OR REPLACE TABLE `(?P<project>[^.`]+)\.(?P<dataset>[^.`]+)\.(?P<table>[^`]+)` \(.*\)"
    r"(?:\nPARTITION BY (?:DATE\()?`(?P<partition>\w+)`\)?)?(?:\nCLUSTER BY (?P<cluster>.+))?\n"
)
_ANSWERS = {"unavailable": (503, "backendError"), "refused": (400, "invalid")}
_HOP = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})


@dataclass
class Failure:
    """What the next requests meet that match.

    :param kind: ``unavailable`` (503 at once), ``refused`` (400 at once) or ``lost`` (done, but no answer).
    """

    method: str
    path: re.Pattern[str]
    kind: str
    times: int


@dataclass
class StrictProxy:
    """A proxy on 127.0.0.1, told the port behind it; ``seen`` lists method and path of each request.

    ``sent`` lists what was asked of BigQuery: method, path and document; ``estimate`` is the bytes that dry runs tell of.
    """

    upstream: int
    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)
    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    refused: list[re.Pattern[str]] = field(default_factory=list)
    jobs: set[tuple[str, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    estimate: int = 0

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def fail(self, kind: str, method: str, path: str, times: int = 1) -> None:
        """Let the next ``times`` requests of a method whose path matches fail."""
        self.failures.append(Failure(method, re.compile(path), kind, times))

    def refuse_job(self, job_id: str) -> None:
        """Refuse to begin jobs whose id matches, and do not take the id."""
        self.refused.append(re.compile(job_id))

    def count(self, method: str, path: str) -> int:
        """Return how many requests there were since :meth:`forget`."""
        return sum(1 for seen in self.seen if seen[0] == method and re.search(path, seen[1]))

    def forget(self) -> None:
        """Begin anew: no failure is left, nothing was seen. Jobs stay taken."""
        self.seen.clear()
        self.sent.clear()
        self.failures.clear()
        self.refused.clear()
        self.estimate = 0

    @contextmanager
    def serving(self) -> Iterator["StrictProxy"]:
        """Serve on a free port until the block ends."""
        proxy = self
        handler = type("Handler", (_Handler,), {"proxy": proxy})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            server.daemon_threads = True
            self.port = server.server_port
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def failure(self, method: str, path: str) -> str:
        """Return how a request is to fail, or an empty text."""
        with self.lock:
            for it in self.failures:
                if it.times and it.method == method and it.path.search(path):
                    it.times -= 1
                    return it.kind
        return ""

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Forward a request; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=60)
        try:
            connection.request(method, path, body, {**headers, "Content-Length": str(len(body))})
            answer = connection.getresponse()
            content = answer.read()
            # The emulator answers with its own address where an upload goes on: it has to come through here too.
            kept = {
                name: value.replace(f":{self.upstream}", f":{self.port}") if name.lower() == "location" else value
                for name, value in answer.getheaders()
                if name.lower() not in _HOP
            }
            return answer.status, kept, content
        finally:
            connection.close()

    def breach(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str] | None:
        """Return status and reason of the rule that a request breaks."""
        split = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        conditions = {_CONDITIONS[name]: int(it) for name, it in query.items() if name in _CONDITIONS}
        if method in ("POST", "PUT", "PATCH") and conditions and (place := _place(split.path, query, body)):
            found = self._object(*place)
            if any(int(found.get(name, 0)) != it for name, it in conditions.items()):
                return 412, "conditionNotMet"
        document = _json(headers, body) if "/bigquery/v2/" in split.path else {}
        if len(document.get("description") or "") > _DESCRIPTION_LIMIT:
            return 400, "invalid"
        if method == "POST" and (match := _JOBS.fullmatch(split.path)):
            job_id = document.get("jobReference", {}).get("jobId", "")
            if any(it.match(job_id) for it in self.refused):
                return 400, "invalid"
            sql = document.get("configuration", {}).get("query", {}).get("query", "")
            if not all(map(self._can_replace, _REPLACED.finditer(sql))):
                return 400, "invalid"
            with self.lock:
                if (match["project"], job_id) in self.jobs:
                    return 409, "duplicate"
                if job_id:
                    self.jobs.add((match["project"], job_id))
        return None

    def _can_replace(self, statement: re.Match[str]) -> bool:
        """Tell whether a table is not there yet, or divided as the one that is to replace it."""
        project, dataset, table, partition, cluster = statement.groups()
        path = f"/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}"
        status, _, content = self.ask("GET", path, {}, b"")
        if status != 200:
            return True
        there = json.loads(content)
        fields = there.get("clustering", {}).get("fields", [])
        return there.get("timePartitioning", {}).get("field") == partition and fields == (
            re.findall(r"`(\w+)`", cluster or "")
        )

    def merged(self, path: str, body: bytes) -> bytes:
        """Return a change of an object with the metadata that it would have then."""
        match, document = _OBJECT.fullmatch(urlsplit(path).path), _json({}, body)
        if match is None or not isinstance(changed := document.get("metadata"), dict):
            return body
        before = self._object(match["bucket"], unquote(match["name"])).get("metadata") or {}
        kept = {name: it for name, it in {**before, **changed}.items() if it is not None}
        return json.dumps({**document, "metadata": kept}).encode()

    def _object(self, bucket: str, name: str) -> dict[str, Any]:
        status, _, content = self.ask("GET", f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}", {}, b"")
        return dict(json.loads(content)) if status == 200 else {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in two packets waits 40 ms for the first one's receipt
    disable_nagle_algorithm = True
    proxy: StrictProxy

    def _serve(self) -> None:
        body = self._body()
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        self.proxy.seen.append((self.command, self.path))
        if body and "/bigquery/v2/" in self.path:
            self.proxy.sent.append((self.command, self.path, dict(_json(headers, body))))
        failure = self.proxy.failure(self.command, self.path)
        if failure in _ANSWERS:
            status, reason = _ANSWERS[failure]
            self._answer(status, {}, _error(status, reason))
            return
        if breach := self.proxy.breach(self.command, self.path, headers, body):
            self._answer(breach[0], {}, _error(*breach))
            return
        if self.command == "PATCH":
            body = self.proxy.merged(self.path, body)
        status, kept, content = self.proxy.ask(self.command, self.path, headers, body)
        if self.proxy.estimate and status == 200 and b'"dryRun"' in body:
            content = _with_estimate(content, self.proxy.estimate)
        answer = status, kept, content
        if failure == "lost":
            self.close_connection = True
            return
        self._answer(*answer)

    # Names that the standard library asks for.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: what was seen is kept."""


def _place(path: str, query: dict[str, str], body: bytes) -> tuple[str, str] | None:
    """Return bucket and name of the object that a request would write."""
    if match := _COPY.fullmatch(path) or _OBJECT.fullmatch(path):
        return match["bucket"], parse_qs(f"name={match['name']}")["name"][0]
    if not (match := _UPLOAD.fullmatch(path)) or "upload_id" in query:
        return None
    if "name" in query:
        return match["bucket"], query["name"]
    # A multipart upload names the object in its first part, a resumable one in its only part.
    if found := re.search(rb'"name":\s*("(?:[^"\\]|\\.)*")', body):
        return match["bucket"], json.loads(found[1])
    return None


def _json(headers: dict[str, str], body: bytes) -> dict[str, object] | dict[str, dict[str, str]]:
    encoding = {name.lower(): value for name, value in headers.items()}.get("content-encoding", "")
    try:
        document = json.loads(gzip.decompress(body) if encoding == "gzip" else body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _with_estimate(content: bytes, estimate: int) -> bytes:
    document = json.loads(content)
    statistics = document.setdefault("statistics", {})
    statistics["totalBytesProcessed"] = str(estimate)
    statistics.setdefault("query", {})["totalBytesProcessed"] = str(estimate)
    return json.dumps(document).encode()


def _error(status: int, reason: str) -> bytes:
    error = {"code": status, "message": reason, "errors": [{"reason": reason, "message": reason}]}
    return json.dumps({"error": error}).encode()
