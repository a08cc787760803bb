"""A log day with lines in quarantine, and what corrects them."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

from fakes.institution import DAY, DeliveredTo, event

PROD = f"harvardx-prod-events-{DAY}.log.gz"
BAD = event(7)[:-1]  # its last brace is lacking
LATIN = event(8).replace(b"ada", b"ad\xe9")
ASIDE = event(9, "none")
GOOD = [event(n) for n in range(100, 500)]  # so many that the bad ones are few
LINES = [event(1), BAD, LATIN, ASIDE, event(2), *GOOD]
ROWS = 2 + len(GOOD)
Command = Callable[..., int]


def the_day(*more: object) -> tuple[object, ...]:
    return ("--institution", "HarvardX", "--day", DAY, *more)


def corrected(there: DeliveredTo, command: Command, path: Path) -> Path:
    """Export the bad lines and correct them."""
    assert command("show", *the_day("--raw", "--out", path / "shown.jsonl")) == 0
    entries = [json.loads(line) for line in (path / "shown.jsonl").read_bytes().splitlines()]
    for entry in entries:
        if entry["reason"] == "not_json":
            entry["raw"] += "}"
        if entry["reason"] == "invalid_utf8":
            assert entry["encoding"] == "base64"
            entry["raw"] = base64.b64encode(event(8)).decode()
    (path / "corrected.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path / "corrected.jsonl"
