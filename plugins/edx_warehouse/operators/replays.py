"""Replays: corrected lines that are given to the split of a day again, as one more log file of it.

A replay is two objects: the log file, and the record of which quarantined lines it corrects. The record comes first, so
that no file is without one.
"""

import json
from collections.abc import Iterable
from datetime import date

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.hooks.bucket import Bucket


def record_name(day: date, file: str) -> str:
    """Return the object that tells which lines a replay corrects."""
    return f"{places.replays(day)}{file}.json"


def add_replay(bucket: Bucket, day: date, file: str, content: bytes, corrected: Iterable[str]) -> bool:
    """Put a replay into the bucket unless it is there; return whether anything was written.

    :param file: base name of the log file.
    :param content: the log file, gzipped.
    :param corrected: SHA-256 of each quarantined line that is corrected.
    """
    record = json.dumps({"file": file, "corrects": sorted(set(corrected))}, indent=1)
    wrote = bucket.put(record_name(day, file), record.encode())
    return bucket.put(places.LOGS + file, content) or wrote


def replayed(bucket: Bucket, day: date) -> dict[str, set[str]]:
    """Return the digests of the quarantined lines that each replay of a day corrects, by the replay's base name."""
    there = {it.name.rsplit("/", 1)[-1] for it in bucket.match(places.log_glob(day))}
    records = (json.loads(bucket.read(it.name) or b"{}") for it in bucket.objects(places.replays(day)))
    return {it["file"]: set(it["corrects"]) for it in records if it.get("file") in there}


def require_standing(corrected: dict[str, set[str]], quarantined: Iterable[str], unit: str) -> None:
    """See to it that replays correct only lines that are still in quarantine.

    :param corrected: what :func:`replayed` returns.
    :param quarantined: SHA-256 of every line in quarantine.
    :raises Held: ``E-QUA-102`` when one is not, as after the delivery was replaced: it would be counted twice.
    """
    lost = set[str]().union(*corrected.values()).difference(quarantined) if corrected else set()
    for file, digests in sorted(corrected.items()):
        if gone := digests & lost:
            raise Held(
                Problem(
                    code="E-QUA-102",
                    unit=unit,
                    file=places.LOGS + file,
                    expected="a replay of lines that are in quarantine",
                    found=f"{len(gone)} of {len(digests)} lines that are not there any more",
                    done="the day is held: what was good before stays served, and nothing is counted twice",
                    next="remove the replay from the bucket; replay again what is still wrong",
                )
            )
