"""Who gets alerts: a web server that takes JSON, and a mail server, both on this machine, both keeping what comes."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook(ThreadingHTTPServer):
    """Keeps the texts and the Authorization headers of what is posted; answers with ``status``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.texts: list[str] = []
        self.authorizations: list[str | None] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Post(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.texts.append(json.loads(body)["text"])
        self.server.authorizations.append(self.headers["Authorization"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


class Mailbox(socketserver.ThreadingTCPServer):
    """Keeps each mail: who gets it, and its lines."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.mails: list[tuple[list[str], str]] = []


class _Smtp(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        receivers: list[str] = []
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].split(":")[0].upper()
            if word == "RCPT":
                receivers.append(line.split("<")[1].split(">")[0])
            if word == "DATA":
                self._say("354 go on")
                lines = []
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(text)
                self.server.mails.append((receivers, "\n".join(lines)))
            self._say("221 bye" if word == "QUIT" else "250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def served[Server: socketserver.BaseServer](server: Server) -> Iterator[Server]:
    """Let a server answer in a thread of its own for the length of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Statsd(socketserver.UDPServer):
    """Keeps the lines that StatsD clients send."""

    max_packet_size = 65536

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Datagram)
        self.lines: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Datagram(socketserver.BaseRequestHandler):
    server: Statsd

    def handle(self) -> None:
        self.server.lines += self.request[0].decode().splitlines()
