"""Replays: corrected lines that are given to the split of a day again, as one more log file of it.

A replay is two objects: the log file, and the record of which quarantined lines it corrects, and how. The record comes
first, so that no file is without one.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.hooks.bucket import Bucket


def record_name(day: date, file: str) -> str:
    """Return the object that tells which lines a replay corrects."""
    return f"{places.replays(day)}{file}.json"


def add_replay(bucket: Bucket, day: date, file: str, content: bytes, corrects: Mapping[str, str]) -> bool:
    """Put a replay into the bucket unless it is there; return whether anything was written.

    :param file: base name of the log file.
    :param content: the log file, gzipped.
    :param corrects: SHA-256 of the correction by that of the quarantined line.
    """
    record = json.dumps({"file": file, "corrects": dict(sorted(corrects.items()))}, indent=1)
    wrote = bucket.put(record_name(day, file), record.encode())
    return bucket.put(places.LOGS + file, content) or wrote


def replayed(bucket: Bucket, day: date) -> dict[str, dict[str, str]]:
    """Return, by the replay's base name, which quarantined lines of a day are corrected: digests, as they were put."""
    there = {it.name.rsplit("/", 1)[-1] for it in bucket.match(places.log_glob(day))}
    records = (json.loads(bucket.read(it.name) or b"{}") for it in bucket.objects(places.replays(day)))
    return {it["file"]: it["corrects"] for it in records if it.get("file") in there}


def require_standing(replays: Mapping[str, Mapping[str, str]], quarantined: Iterable[str], unit: str) -> None:
    """See to it that replays correct only lines that are still in quarantine, and each in one way.

    :param replays: what :func:`replayed` returns.
    :param quarantined: SHA-256 of every line in quarantine.
    :raises Held: ``E-QUA-102`` when a line is not, as after the delivery was replaced, or when two people corrected
        one at the same time: it would be counted twice.
    """
    ways: defaultdict[str, set[str]] = defaultdict(set)
    for corrects in replays.values():
        for line, correction in corrects.items():
            ways[line].add(correction)
    lost = set(ways).difference(quarantined) if ways else set()
    torn = {line for line, corrections in ways.items() if len(corrections) > 1}
    for file, corrects in sorted(replays.items()):
        for lines, what in ((lost, "that are not there any more"), (torn, "that another replay corrects differently")):
            if wrong := len(lines.intersection(corrects)):
                raise Held(
                    Problem(
                        code="E-QUA-102",
                        unit=unit,
                        file=places.LOGS + file,
                        expected="a replay of lines that are in quarantine, and no other replay of them",
                        found=f"{wrong} of {len(corrects)} lines {what}",
                        done="the day is held: what was good before stays served, and nothing is counted twice",
                        next="remove the replay from the bucket; replay again what is still wrong",
                    )
                )
