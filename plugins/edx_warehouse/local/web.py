"""Asking the stack's own servers over HTTP, whatever proxy the machine uses for the world outside."""

import json
import socket
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_OPENER = build_opener(ProxyHandler({}))
_HOST = "127.0.0.1"


def ask(port: int, path: str, document: dict[str, Any] | None = None, *, seconds: float = 10) -> tuple[int, bytes]:
    """Send a GET, or a POST of a JSON document; return status and body.

    :raises OSError: when nobody answers in time.
    """
    body = None if document is None else json.dumps(document).encode()
    request = Request(f"http://{_HOST}:{port}{path}", body, {"Content-Type": "application/json"})
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
