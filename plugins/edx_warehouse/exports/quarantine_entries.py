"""Reading what a split put in quarantine, and what a person made of it: entries, and their corrections."""

import base64
import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from isal import igzip

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.exports.refusals import Reason

_RAW = re.compile(rb',\s*"raw":\s*"')
_HEAD = 64 * 1024  # an entry's place and reason are its first some hundred bytes; the line itself may be very long


class Entry(msgspec.Struct, frozen=True):
    """A line in quarantine.

    :param offset: of the line's first byte in the expanded file.
    :param length: in bytes.
    :param sha256: of the line's bytes as delivered; a correction keeps it, as it says which line is meant.
    :param raw: the line: base64, or itself when ``encoding`` is text; empty when it was not asked for.
    """

    file: str
    line: int
    offset: int
    length: int
    reason: Reason
    sha256: str
    encoding: str = "base64"
    raw: str = ""


@dataclass(frozen=True)
class Correction:
    """An entry of a file of corrections.

    :param number: line in the file of corrections, counted from 1.
    :param file: delivered file; ``line`` is the line in it, ``sha256`` the digest of its bytes.
    :param content: the line as it should be, without blanks around it; as it was delivered when not ``changed``.
    """

    number: int
    file: str
    line: int
    sha256: str
    content: bytes
    changed: bool


def read_entries(path: Path, *, raw: bool = False) -> Iterator[Entry]:
    """Yield the entries of a quarantine file, without the lines themselves unless they are asked for."""
    with igzip.open(path, "rb") as file:
        while head := file.readline(_HEAD):
            rest = bytearray() if raw else None
            piece = head
            while not piece.endswith(b"\n") and (piece := file.readline(_HEAD)):
                if rest is not None:
                    rest += piece
            if rest is None:
                yield msgspec.json.decode(_RAW.split(head, maxsplit=1)[0] + b"}", type=Entry)
            else:
                yield msgspec.json.decode(head + rest, type=Entry)


def reasons_of(path: Path) -> Counter[Reason]:
    """Count the entries of a quarantine file by reason."""
    return Counter(entry.reason for entry in read_entries(path))


def editable(entry: Entry) -> bytes:
    r"""Return an entry as a line of JSON whose ``raw`` is text wherever that is the line's bytes, ready to be corrected."""
    content = base64.b64decode(entry.raw)
    try:
        entry = msgspec.structs.replace(entry, encoding="text", raw=content.decode("utf-8"))
    except UnicodeDecodeError:
        entry = msgspec.structs.replace(entry, encoding="base64")
    return msgspec.json.encode(entry) + b"\n"


def read_corrections(path: Path) -> list[Correction]:
    """Read a file of corrected entries, one JSON object a line, changed or as they were.

    :raises Terminal: ``E-QUA-101`` naming the line that cannot be taken.
    """
    with path.open("rb") as file:
        return [_correction(path, number, line) for number, line in enumerate(file, 1) if line.strip()]


def _correction(path: Path, number: int, line: bytes) -> Correction:
    try:
        entry = msgspec.json.decode(line, type=Entry)
        content = _content(entry)
    except (msgspec.DecodeError, ValueError) as error:
        # What msgspec says names keys and types, no values; a decoder's own message may quote the text.
        found = str(error) if isinstance(error, msgspec.ValidationError) else "something else"
        raise refusal(path.name, number, "an entry with raw as text or base64", found) from None
    changed = hashlib.sha256(content).hexdigest() != entry.sha256
    if changed:
        # What the split takes off a delivered line anyway; a mark would be taken off the first line of a file only.
        content = content.strip().removeprefix(codecs.BOM_UTF8).strip()
        if not content or b"\n" in content:
            raise refusal(
                path.name, number, "one line that is not blank", "several lines" if content else "a blank one"
            )
    return Correction(number, entry.file, entry.line, entry.sha256, content, changed)


def _content(entry: Entry) -> bytes:
    if entry.encoding == "text":
        return entry.raw.encode()
    if entry.encoding == "base64":
        return base64.b64decode(entry.raw, validate=True)
    raise ValueError("an unknown encoding")


def refusal(file: str, line: int, expected: str, found: str) -> Terminal:
    """Return the error for a file of corrections that cannot be replayed."""
    return Terminal(
        Problem(
            code="E-QUA-101",
            unit="quarantine replay",
            file=file,
            line=line,
            expected=expected,
            found=found,
            done="nothing was replayed",
            next="correct that line, or take it out of the file, then give the command again",
        )
    )
