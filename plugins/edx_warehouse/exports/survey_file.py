"""One survey tool's export: its responses, and the rows that are none."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.contracts import Contract
from edx_warehouse.exports.csv_files import BadRow, Record, read_records
from edx_warehouse.exports.people import Keys
from edx_warehouse.exports.survey_header import MOST_ROWS, QuestionColumn, SurveyHeader, read_header
from edx_warehouse.exports.times import to_utc

_STAMP = re.compile(
    r"""[-_+\s.,]*(?<!\d)
    (?:(?:19|20)\d\d-\d\d-\d\d|(?:19|20)\d\d_\d\d_\d\d|(?:19|20)\d{6}
      |(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[+_\s]+\d{1,2},?[+_\s]+\d{4})
    (?:[T_+\s-]*\d{1,2}[._:h]?\d\d(?:[._:]?\d\d)?)?(?!\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_COPY = re.compile(r"\s*\(\d+\)$")
_YES = frozenset({"true", "1", "yes", "y", "t", "complete", "completed", "finished"})
_PREVIEWS = frozenset({"survey preview", "survey test", "preview", "test", "1", "2"})
OTHER_COURSE = "other_course"
_INTEGER = re.compile(r"[0-9]{1,15}")


def survey_name(file: str) -> str:
    """Return which survey a file is an export of: its name without the date of the export; empty when that is all."""
    stem = re.sub(r"\.csv(\.gz)?$", "", file.rsplit("/", 1)[-1], flags=re.IGNORECASE)
    return _STAMP.sub("", _COPY.sub("", stem)).strip("-_+ .,")


@dataclass(frozen=True, slots=True)
class Response:
    """What is known of a response beside its answers.

    :param started, ended, recorded: ISO text in UTC.
    :param finished: None when the export does not say.
    :param keys: by which the learner may be found.
    """

    response_id: str
    line: int
    started: str | None
    ended: str | None
    recorded: str | None
    duration: int | None
    progress: int | None
    finished: bool | None
    status: str | None
    language: str | None
    keys: Keys

    @property
    def when(self) -> str:
        """The last time that is known of it; empty when there is none."""
        return self.recorded or self.ended or self.started or ""

    @property
    def is_complete(self) -> bool:
        """Whether it counts as a learner's complete response: gone through to the end, and no preview or test.

        An export that says nothing of the end holds complete responses.
        """
        return self.finished is not False and (self.status or "").casefold() not in _PREVIEWS


class SurveyFile:
    """An export whose header is right.

    :param kind: of the survey, the folder it came in.
    :param quarantined: rows that cannot be taken; complete after :meth:`responses`, which may be read again.
    :raises NotCsv: when it cannot be read.
    :raises Broken: when its header does not keep the contract.
    """

    def __init__(self, kind: str, path: Path, contract: Contract, course: CourseKey) -> None:
        self.kind = kind
        self.path = path
        self.course = course
        self.survey = survey_name(path.name) or kind
        self.quarantined: list[BadRow] = []
        first = [record.cells for record in islice(read_records(path), MOST_ROWS)]
        self.header: SurveyHeader = read_header(first, contract)

    @property
    def spoilt(self) -> int:
        """Rows that cannot be taken, without those of other courses; after :meth:`responses`."""
        return sum(row.reason != OTHER_COURSE for row in self.quarantined)

    @property
    def name(self) -> str:
        """Folder and name of the file."""
        return f"{self.kind}/{self.path.name}"

    def responses(self) -> Iterator[tuple[Response, Sequence[str]]]:
        """Yield each response with the cells of its row.

        :raises NotCsv: when the file cannot be read to its end.
        """
        self.quarantined = []
        for record in islice(read_records(self.path), self.header.rows, None):
            found = record.reason or self._response(record)
            if isinstance(found, Response):
                yield found, record.cells
            else:
                self.quarantined.append(BadRow.of(record, self.name, found))

    def answers(self, cells: Sequence[str]) -> Iterator[tuple[QuestionColumn, str]]:
        """Yield the answers of a row that are not blank, without blanks around them."""
        for question in self.header.questions:
            if answer := cells[question.place].strip():
                yield question, answer

    def _response(self, record: Record) -> Response | str:
        """Return the response, or the reason why the row is none."""
        cells = record.cells
        if len(cells) != self.header.width:
            return "fields"
        if not (response_id := self._text(cells, "response_id")):
            return "no_response_id"
        course_id = self._text(cells, "course_id")
        if course_id and CourseKey.parse_loosely(course_id) not in (None, self.course):
            return OTHER_COURSE
        try:
            started, ended, recorded = (self._time(cells, name) for name in ("started", "ended", "recorded"))
        except ValueError:
            return "time"
        progress = self._integer(cells, "progress")
        return Response(
            response_id,
            record.line,
            started,
            ended,
            recorded,
            self._integer(cells, "duration"),
            progress,
            self._finished(cells, progress),
            self._text(cells, "status"),
            self._text(cells, "language"),
            Keys(*(self._text(cells, name) for name in Keys._fields[:4])),
        )

    def _text(self, cells: Sequence[str], column: str) -> str | None:
        place = self.header.places.get(column)
        return cells[place].strip() or None if place is not None else None

    def _time(self, cells: Sequence[str], column: str) -> str | None:
        text = self._text(cells, column)
        return to_utc(text, self.header.zone(column)) if text else None

    def _integer(self, cells: Sequence[str], column: str) -> int | None:
        text = (self._text(cells, column) or "").rstrip("%").removesuffix(".0")
        return int(text) if _INTEGER.fullmatch(text) else None

    def _finished(self, cells: Sequence[str], progress: int | None) -> bool | None:
        text = self._text(cells, "finished")
        if text:
            return text.casefold() in _YES
        return progress >= 100 if progress is not None else None
