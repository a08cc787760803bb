"""``edx-warehouse quarantine``: list what was quarantined, show it, and replay corrected lines."""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.registry import Registry
from edx_warehouse.driver.surroundings import enter
from edx_warehouse.exports.quarantine_entries import Entry, editable
from edx_warehouse.exports.refusals import Reason

if TYPE_CHECKING:  # it imports Airflow, which reads its settings when it is imported
    from collections.abc import Iterator

    from edx_warehouse.hooks.bucket import Bucket


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their options."""
    parser.description = "List what was quarantined, show it, and replay corrected lines (docs/operating.md)."
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    verb = verbs.add_parser("list", help="count quarantined lines by day, file and reason; and tell what is held")
    verb.add_argument("--institution", metavar="NAME", help="only this one")
    verb.add_argument("--day", type=date.fromisoformat, metavar="DATE", help="only this log day")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    for name, text in (("show", "tell where lines are and why"), ("replay", "give corrected lines to the split again")):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--institution", metavar="NAME", required=True)
        verb.add_argument("--day", type=date.fromisoformat, metavar="DATE", required=True, help="delivered log day")
        verb.add_argument(
            "--file", metavar="FILE", required=name == "replay", help="delivered file's name; for replay: the entries"
        )
        if name == "show":
            verb.add_argument("--line", type=int, help="only this line, counted from 1")
            verb.add_argument("--reason", choices=[it.value for it in Reason], help="only lines with this reason")
            verb.add_argument("--raw", action="store_true", help="also the lines themselves: learners' data")
            verb.add_argument("--out", type=Path, metavar="FILE", help="with --raw: write entries there, one a line")


def run(args: argparse.Namespace) -> int:
    """Do what the verb says."""
    registry = enter()
    if args.verb == "list":
        return _list(registry, args)
    institution = next((it for it in registry.institutions if it.name == args.institution), None)
    if institution is None:
        raise _unknown(registry, args.institution)
    from edx_warehouse.driver.state import connect_buckets

    bucket = connect_buckets(registry)[institution.name]
    if args.verb == "show":
        return _show(bucket, args)
    courses = [course.key for course in registry.courses_of(institution)]
    from edx_warehouse.driver.quarantine import replay

    done = replay(bucket, courses, args.day, Path(args.file), institution.log_limits)
    if done.unchanged:
        print(f"{done.unchanged} entries are as they were: left out")
    if done.again:
        print(f"{done.again} lines were replayed before: left out")
    if not done.lines:
        print("nothing to replay")
    else:
        print(f"{done.lines} lines in gs://{bucket.name}/{done.name}")
        print(f"{args.day} is due: the mirror's next look, or `edx-warehouse run`, splits it again")
    return 0


def _list(registry: Registry, args: argparse.Namespace) -> int:
    from edx_warehouse.driver.quarantine import listing
    from edx_warehouse.driver.state import connect_buckets
    from edx_warehouse.operators.holds import holds

    names = {it.name for it in registry.institutions}
    if args.institution not in (None, *names):
        raise _unknown(registry, args.institution)
    buckets = connect_buckets(registry)
    document: dict[str, list[dict[str, Any]]] = {"files": [], "held": []}
    for name in sorted(names if args.institution is None else {args.institution}):
        bucket = buckets[name]
        document["files"] += [{"institution": name, **it.to_dict()} for it in listing(bucket, args.day)]
        for place, problem in holds(bucket):
            if args.day is None or str(args.day) in place.split("/"):
                document["held"].append({"institution": name, **problem})
    if args.json:
        print(json.dumps(document, indent=1))
    else:
        _print_list(document)
    return 0


def _print_list(document: dict[str, list[dict[str, Any]]]) -> None:
    for it in document["files"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in it["reasons"].items())
        print(
            f"{it['institution']} {it['day']} {it['file']}: {it['bad']} bad, {it['aside']} aside ({reasons}); "
            f"{it['bytes']} bytes; {it['replayed']} replayed"
        )
    for held in document["held"]:
        print(f"HELD    {Problem(**{name: value for name, value in held.items() if name != 'institution'})}")


def _show(bucket: "Bucket", args: argparse.Namespace) -> int:
    from edx_warehouse.driver.quarantine import corrected_lines, entries

    if args.out and not args.raw:
        sys.stderr.write("--out writes learners' data: give --raw with it\n")
        return 2
    found = entries(bucket, args.day, args.file, args.line, args.reason, raw=args.raw)
    if args.raw:
        sys.stderr.write("What follows is learners' data: keep it where only those may read it who may.\n")
        with _sink(args.out) as sink:
            count = _write(found, sink)
        sys.stderr.write(f"{count} entries\n")
        return 0
    corrected = corrected_lines(bucket, args.day)
    for it in found:
        mark = " replayed" if it.sha256 in corrected else ""
        print(f"{it.file} line {it.line} byte {it.offset} length {it.length} {it.reason.value}{mark}")
    return 0


def _write(found: Iterable[Entry], sink: BinaryIO) -> int:
    count = 0
    for count, entry in enumerate(found, 1):  # noqa: B007 - the count is wanted
        sink.write(editable(entry))
    return count


@contextmanager
def _sink(path: Path | None) -> "Iterator[BinaryIO]":
    if path is None:
        yield sys.stdout.buffer
        return
    # For its owner alone, from the first byte on; what is there already is not written over.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file


def _unknown(registry: Registry, name: str) -> Terminal:
    return Terminal(
        Problem(
            code="E-QUA-103",
            unit="quarantine",
            expected=f"one of the institutions {', '.join(it.name for it in registry.institutions)}",
            found=name,
            done="nothing",
            next="correct the command",
        )
    )
