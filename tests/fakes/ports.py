"""Ports for servers that tests start."""

import socket
from contextlib import ExitStack, closing


def unused_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody uses, all different."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]
