"""Start the storage emulator so that a kill cannot tear its files.

Run by the emulators' own Python: ``python storage_emulator.py PORT FOLDER``. The emulator writes objects and its index
in place; killed in the middle of the index it would not start again. Here each file is whole, old or new.
"""

import logging
import os
import sys
from pathlib import Path

from gcp_storage_emulator.server import create_server  # type: ignore[import-not-found]
from gcp_storage_emulator.storage import _FileStore  # type: ignore[import-not-found]


def write_whole(store: _FileStore, name: str, content: bytes) -> None:
    """Replace a file of the store in one step."""
    path: Path = store._disk_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the store's root, not in it: a folder is listed by what is in it.
    temporary = store._root.parent / f"writing.{os.getpid()}"
    temporary.write_bytes(content)
    temporary.replace(path)


def main() -> None:
    """Serve until killed."""
    port, folder = int(sys.argv[1]), sys.argv[2]
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(levelname)s %(message)s")
    _FileStore.write_bytes = write_whole
    create_server("127.0.0.1", port, data_dir=folder).run()


if __name__ == "__main__":
    main()
