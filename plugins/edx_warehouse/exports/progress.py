"""How far a long file is, told in the task's log every few seconds: names, rows and bytes."""

import logging
import time

_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Progress:
    """Tells of one file.

    :param name: canonical name of the table.
    """

    def __init__(self, name: str) -> None:
        self.rows = 0
        self._name = name
        self._bytes = 0
        self._told = time.monotonic()

    def read(self, size: int) -> None:
        """Tell how far it is, when that was not told lately.

        :param size: bytes of the file's content that are read and converted.
        """
        self._bytes = size
        now = time.monotonic()
        if now - self._told >= _SECONDS:
            self._told = now
            _log.info("%s: %s rows, %.1f MB so far", self._name, self.rows, size / 1e6)

    def end(self) -> None:
        """Tell that the file is done."""
        _log.info("%s: %s rows, %.1f MB", self._name, self.rows, self._bytes / 1e6)
