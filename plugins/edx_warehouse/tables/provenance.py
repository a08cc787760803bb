"""How a table came to be: the record of a job, the text that tells it, and the digest that spares doing it again."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from edx_warehouse.tables.declarations import Field

DESCRIPTION_LIMIT = 16_384
"""BigQuery's limit of a table description. It counts characters; we count UTF-8 bytes, which are never fewer."""

_LABEL_LIMIT = 63
_NAMED_INPUTS = 20
_DEBUG_VALUES = 20
_VALUE_LIMIT = 200
_MEANING_LIMIT = 6_000
_TAIL_LIMIT = 7_000
_MADE = re.compile(r"\n\n(?:Computed by|Data loaded from) .+ at [\d-]+ [\d:.]+ UTC processing \d+ bytes in [\d.]+ sec")


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One version of one table, and how it was made: a row of ``warehouse_ops.job_history``.

    :param reference: the table as declared, ``layer.table``.
    :param target: the table as ``project.dataset.table``.
    :param course_id: canonical id, or None for a table across courses.
    :param who: the account or person in whose name the job ran.
    :param status: how the process ended, such as ``done`` or ``adopted``.
    :param started: when the job began; aware.
    :param ended: when it was done; aware.
    :param job_id: BigQuery's id of the job.
    :param digest: of inputs, SQL, schema and parameters, as :func:`digest` gives it; also the table's label.
    :param code_version: commit or version of this package.
    :param bytes_processed: as BigQuery tells; 0 on the local cloud.
    :param rows_in: rows read from files, None where nobody counts them.
    :param rows_out: rows the table has afterwards.
    :param sql: what was run, for a query.
    :param uri: where the data came from, for a load.
    :param inputs: fingerprint of each input by its name.
    :param parameters: values of the query's ``@parameters`` as text.
    :param debug: anything that helps to understand the run. Never a learner's data.
    """

    reference: str
    target: str
    who: str
    status: str
    started: datetime
    ended: datetime
    job_id: str
    digest: str
    code_version: str
    course_id: str | None = None
    dag_id: str = ""
    run_id: str = ""
    task_id: str = ""
    try_number: int = 1
    bytes_processed: int = 0
    bytes_billed: int = 0
    slot_ms: int = 0
    rows_in: int | None = None
    rows_out: int | None = None
    sql: str | None = None
    uri: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    debug: Mapping[str, str] = field(default_factory=dict)

    @property
    def sql_sha256(self) -> str | None:
        """SHA-256 of the SQL's UTF-8 bytes, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest() if self.sql is not None else None

    @property
    def seconds(self) -> float:
        """How long the job took."""
        return (self.ended - self.started).total_seconds()

    def row(self) -> dict[str, Any]:
        """Return the row for ``warehouse_ops.job_history``, in the order of its columns."""
        row = asdict(self)
        named = {name: row.pop(name) for name in ("inputs", "parameters", "debug")}
        row["started"], row["ended"] = _rfc3339(self.started), _rfc3339(self.ended)
        row["sql_sha256"] = self.sql_sha256
        for name, values in named.items():
            row[name] = [{"name": key, "value": value} for key, value in sorted(values.items())]
        return row


def describe(table_description: str, record: JobRecord) -> str:
    """Return a table's description: what it means, then how it was made.

    At most :data:`DESCRIPTION_LIMIT` bytes of UTF-8: when it would be longer, the middle of the SQL goes and a mark
    says so. The SHA-256 of the whole SQL always stays, and ``job_history`` has the whole text.
    """
    head = _shortened(table_description.strip(), _MEANING_LIMIT) + "\n\n" + _made(record)
    tail = "\n\n" + _shortened(_circumstances(record), _TAIL_LIMIT)
    sql = record.sql or ""
    return head + _shortened(sql, DESCRIPTION_LIMIT - len((head + tail).encode())) + tail


def retold(table_description: str, described: str) -> str:
    """Return a table's description with what the table means now, and how it was made as it said before.

    :param described: the description that it has; one that does not say how the table was made is given up.
    """
    head, made = _shortened(table_description.strip(), _MEANING_LIMIT), _MADE.search(described)
    if made is None:
        return head
    start, rest = described[made.start() : made.end()], described[made.end() :]
    sql, mark, tail = rest.rpartition("\n\n")
    room = DESCRIPTION_LIMIT - len((head + start + mark + tail).encode())
    return head + start + _shortened(sql, room) + mark + tail


def digest(
    table: str, sql: str | None, schema: Sequence[Field], inputs: Mapping[str, str], parameters: Mapping[str, object]
) -> str:
    """Return the label that says what a table was made from: equal exactly when all arguments are.

    :param table: where the table is, or its ``layer.table``.
    :param schema: its columns; what their descriptions say does not count.
    :param inputs: fingerprint of each input by its name.
    :param parameters: values of texts, numbers, dates or lists of these.
    :returns: 63 characters of ``[0-9a-f]``, the most that BigQuery takes as a label's value.
    """
    content = [table, sql, [asdict(it, dict_factory=_column) for it in schema], dict(inputs), dict(parameters)]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_as_text)
    return hashlib.sha256(text.encode()).hexdigest()[:_LABEL_LIMIT]


def _made(record: JobRecord) -> str:
    ended = record.ended.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    cost = f"processing {record.bytes_processed} bytes in {record.seconds:.2f} sec"
    if record.sql is None:
        return f"Data loaded from {_value(record.uri or 'nowhere')} by {_value(record.who)} at {ended} {cost}"
    return f"Computed by {_value(record.who)} at {ended} {cost} with this SQL:\n"


def _circumstances(record: JobRecord) -> str:
    lines = [f"SQL SHA-256: {record.sql_sha256}"] if record.sql is not None else []
    lines += [
        f"Job: {_value(record.job_id)}",
        f"Airflow: {_value(record.dag_id)} / {_value(record.run_id)} / {_value(record.task_id)} try {record.try_number}",
        f"Digest: {record.digest}",
        f"Code version: {_value(record.code_version)}",
        f"Status: {_value(record.status)}",
        f"Rows: {_count(record.rows_in)} in, {_count(record.rows_out)} out",
    ]
    lines += _listing("Parameter", record.parameters, _NAMED_INPUTS)
    lines += _listing("Input", record.inputs, _NAMED_INPUTS)
    lines += _listing("Debug", record.debug, _DEBUG_VALUES)
    return "\n".join(lines)


def _listing(title: str, values: Mapping[str, str], limit: int) -> list[str]:
    lines = [f"{title} {_value(name)}: {_value(value)}" for name, value in sorted(values.items())]
    if len(lines) > limit:
        # The last ones stay: of days and weeks these are the newest.
        lines = [f"{title}: {len(lines) - limit} more in job_history", *lines[-limit:]]
    return lines


def _value(text: str) -> str:
    """Return a value on one line and of bounded length."""
    return _shortened(" ".join(text.split()), _VALUE_LIMIT)


def _count(rows: int | None) -> str:
    return "not counted" if rows is None else str(rows)


def _shortened(text: str, limit: int) -> str:
    """Return the text in at most ``limit`` bytes of UTF-8: whole, or without its middle, which is marked."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    mark = f" [… {len(encoded)} bytes in all, the middle is left out …] "
    room = max(limit - len(mark.encode()), 0)
    start, end = encoded[: room - room // 2], encoded[len(encoded) - room // 2 :]
    return start.decode(errors="ignore") + mark + end.decode(errors="ignore")


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _column(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # What is public was so before there were classes: such tables need not be made again. And what a column means is
    # no part of its values.
    return {name: it for name, it in pairs if name != "description" and (name, it) != ("privacy", "public")}


def _as_text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a digest takes no {type(value).__name__}")
