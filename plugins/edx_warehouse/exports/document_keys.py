"""Keys of JSON documents, one a line, that no contract names."""

from collections import Counter

import msgspec

from edx_warehouse.exports.contracts import Change, Contract, shown
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.tsv import ROW_LIMIT

_KEYS = 100  # a file that has more new keys is another file
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def new_keys(delivered: Delivered, contract: Contract) -> list[Change]:
    """Return the keys that are new, by name; what is no document is left to the conversion.

    :raises Held: ``E-EXP-104`` when the file is damaged.
    """
    known = {column.name for column in contract.columns}
    counts: Counter[str] = Counter()
    with delivered.open() as stream:
        while line := stream.readline(ROW_LIMIT):
            try:
                counts.update(name for name in _decode(line) if name not in known)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            if len(counts) > _KEYS:
                break
    return [
        Change(
            "added",
            shown(name),
            f"key {shown(name)} is new, in {count} documents: no column until it is in the contract",
        )
        for name, count in sorted(counts.items())
    ]
