"""A course's surveys, from wide exports to long rows: which responses count, whose they are, what was asked.

Exports are read again rather than kept, so that memory does not grow with the answers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import msgspec

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem
from edx_warehouse.exports.contracts import Broken, Contract
from edx_warehouse.exports.csv_files import BadRow, NotCsv
from edx_warehouse.exports.people import People
from edx_warehouse.exports.question_types import Answers, parts_of, question_type
from edx_warehouse.exports.survey_file import Response, SurveyFile
from edx_warehouse.exports.survey_header import QuestionColumn

_FEW_ROWS = 10  # so many bad ones never hold a file

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class FileCount:
    """What became of the rows of one export: ``rows`` = ``responses`` + ``repeated`` + ``quarantined``.

    :param file: kind of the survey and name of the file.
    :param responses: that count.
    :param repeated: of which another export, or a later row of this one, has a newer state.
    """

    file: str
    rows: int
    responses: int
    repeated: int
    quarantined: int


@dataclass(frozen=True)
class _Read:
    """An export that was read once."""

    file: SurveyFile
    responses: list[Response]
    answers: Mapping[str, Answers]

    @property
    def age(self) -> tuple[str, str]:
        """Sorts exports of one survey, the newest last: by the latest response, then by name. Dates of files lie."""
        return max((it.when for it in self.responses), default=""), self.file.name


@dataclass
class Surveys:
    """All surveys of a course.

    :param problems: of files that are held; the others are taken.
    :param drift: what was not loaded of the columns; for people.
    """

    course: CourseKey
    problems: dict[str, Problem] = field(default_factory=dict)
    drift: list[str] = field(default_factory=list)
    _reads: list[_Read] = field(default_factory=list)
    _counted: dict[tuple[str, str], tuple[str, Response]] = field(default_factory=dict)

    @classmethod
    def read(cls, files: Sequence[tuple[str, Path]], course: CourseKey, contract: Contract) -> "Surveys":
        """Read exports once.

        :param files: kind of the survey and place of the file.
        """
        surveys = cls(course)
        for kind, path in sorted(files):
            try:
                read = _read(SurveyFile(kind, path, contract, course))
                surveys._take(read)
            except Broken as error:
                surveys._hold("E-SRV-101", kind, path, error.expected, error.found, error.mend, 1)
            except NotCsv as error:
                mend = "export the survey again and put the whole file in the place of this one"
                surveys._hold("E-SRV-102", kind, path, error.expected, error.found, mend, error.line)
        surveys._reads.sort(key=lambda it: it.age)
        for it in surveys._reads:
            surveys.drift += [f"{it.file.name}: {line}" for line in it.file.header.drift]
            # The newest export comes last, and within it a later row.
            surveys._counted |= {(it.file.kind, found.response_id): (it.file.name, found) for found in it.responses}
        surveys.drift.sort()
        return surveys

    def _take(self, read: _Read) -> None:
        spoilt, file = read.file.spoilt, read.file
        if spoilt >= _FEW_ROWS and spoilt > len(read.responses):
            reasons = Counter(row.reason for row in file.quarantined)
            found = f"{spoilt} of {spoilt + len(read.responses)}: {', '.join(sorted(reasons))}"
            mend = "export the survey again with commas, UTF-8 and times as YYYY-MM-DD HH:MM:SS"
            self._hold("E-SRV-103", file.kind, file.path, "rows of which most can be taken", found, mend, None)
        else:
            self._reads.append(read)

    @property
    def counted(self) -> Iterator[Response]:
        """The responses that count: each once, as the newest export has it."""
        return (response for _, response in self._counted.values())

    @property
    def quarantined(self) -> list[BadRow]:
        """The rows that could not be taken, by file and line."""
        return sorted((row for it in self._reads for row in it.file.quarantined), key=lambda row: (row.file, row.line))

    def counts(self) -> list[FileCount]:
        """Return what became of the rows of each export."""
        taken = Counter(name for name, _ in self._counted.values())
        return [
            FileCount(
                file=it.file.name,
                rows=len(it.responses) + len(it.file.quarantined),
                responses=taken[it.file.name],
                repeated=len(it.responses) - taken[it.file.name],
                quarantined=len(it.file.quarantined),
            )
            for it in sorted(self._reads, key=lambda it: it.file.name)
        ]

    def response_rows(self, people: People) -> Iterator[bytes]:
        """Yield ``survey_responses`` as JSON lines: a row for each answer, and for each choice in one.

        A response without any answer has one row with a blank column, so that it is counted.
        """
        latest = self._latest(people)
        types = self._types()
        for it in sorted(self._reads, key=lambda it: it.file.name):
            for response, cells in it.file.responses():
                name, counted = self._counted[it.file.kind, response.response_id]
                if (name, counted.line) != (it.file.name, response.line):
                    continue
                head = self._head(it.file, response, people)
                head["is_latest_complete"] = latest.get((it.file.kind, it.file.survey, head["user_id"])) == (
                    response.when,
                    response.response_id,
                )
                answers = list(it.file.answers(cells))
                for question, answer in answers:
                    split = types[it.file.kind, it.file.survey, question.name] == "multiple"
                    for part, text in enumerate(parts_of(answer) if split else [answer], start=1):
                        yield _line(
                            head,
                            question_id=question.question_id,
                            column_name=question.name,
                            part=part,
                            answer=text,
                        )
                if not answers:
                    yield _line(head, column_name="", part=1)

    def question_rows(self) -> Iterator[bytes]:
        """Yield ``survey_questions`` as JSON lines: what was asked, as the newest export says it."""
        types, newest = self._types(), {}
        answers = self._answer_counts()
        for it in self._reads:  # the newest comes last
            for question in it.file.header.questions:
                newest[it.file.kind, it.file.survey, question.name] = (it.file, question)
        for (kind, survey, name), (file, question) in sorted(newest.items(), key=lambda it: _order(*it[1])):
            yield _line(
                {"course_id": str(self.course), "kind": kind, "survey": survey},
                question_id=question.question_id,
                column_name=name,
                position=question.place + 1,
                text=question.text,
                import_id=question.import_id,
                type=types[kind, survey, name],
                answers=answers[kind, survey, name],
                file=file.path.name,
            )

    def _head(self, file: SurveyFile, response: Response, people: People) -> dict[str, object]:
        return {
            "course_id": str(self.course),
            "kind": file.kind,
            "survey": file.survey,
            "file": file.path.name,
            "response_id": response.response_id,
            "user_id": people.user_id(response.keys),
            "started": response.started,
            "ended": response.ended,
            "recorded": response.recorded,
            "duration": response.duration,
            "progress": response.progress,
            "finished": response.finished,
            "is_complete": response.is_complete,
            "status": response.status,
            "language": response.language,
        }

    def _latest(self, people: People) -> dict[tuple[str, str, object], tuple[str, str]]:
        """Return time and id of each learner's latest complete response, by kind, survey and account."""
        surveys = {it.file.name: it.file for it in self._reads}
        latest: dict[tuple[str, str, object], tuple[str, str]] = {}
        for name, response in self._counted.values():
            user_id = people.user_id(response.keys)
            if user_id is not None and response.is_complete:
                key = (surveys[name].kind, surveys[name].survey, user_id)
                latest[key] = max(latest.get(key, ("", "")), (response.when, response.response_id))
        return latest

    def _types(self) -> dict[tuple[str, str, str], str]:
        """Guess the type of each column, by kind, survey and name, from all exports of the survey together."""
        together: dict[tuple[str, str], dict[str, tuple[QuestionColumn, Answers]]] = {}
        for it in self._reads:
            columns = together.setdefault((it.file.kind, it.file.survey), {})
            for question in it.file.header.questions:
                known = columns.get(question.name)
                answers = it.answers[question.name]
                columns[question.name] = (question, known[1].and_of(answers) if known else answers)
        types: dict[tuple[str, str, str], str] = {}
        for (kind, survey), columns in together.items():
            by_question = sorted(columns.values(), key=lambda it: it[0].question_id)
            for _, group in groupby(by_question, key=lambda it: it[0].question_id):
                shared = list(group)
                types |= {(kind, survey, question.name): question_type(question, shared) for question, _ in shared}
        return types

    def _answer_counts(self) -> Counter[tuple[str, str, str]]:
        counts: Counter[tuple[str, str, str]] = Counter()
        for it in self._reads:
            for response, cells in it.file.responses():
                name, counted = self._counted[it.file.kind, response.response_id]
                if (name, counted.line) == (it.file.name, response.line):
                    counts.update(
                        (it.file.kind, it.file.survey, question.name) for question, _ in it.file.answers(cells)
                    )
        return counts

    def _hold(self, code: str, kind: str, path: Path, expected: str, found: str, mend: str, line: int | None) -> None:
        self.problems[f"{kind}/{path.name}"] = Problem(
            code=code,
            unit=f"{self.course} surveys",
            file=f"{kind}/{path.name}",
            line=line,
            expected=expected,
            found=found,
            done="this file is held, the other surveys are taken",
            next=mend,
        )


def _read(file: SurveyFile) -> _Read:
    responses, answers = [], {question.name: Answers() for question in file.header.questions}
    for response, cells in file.responses():
        responses.append(response)
        for question, answer in file.answers(cells):
            answers[question.name].add(answer)
    return _Read(file, responses, answers)


def _order(file: SurveyFile, question: QuestionColumn) -> tuple[str, str, int, str]:
    return file.kind, file.survey, question.place, question.name


def _line(head: Mapping[str, object], **more: object) -> bytes:
    """Return a row as a JSON line; a column that is NULL is left out."""
    return _encode({name: value for name, value in {**head, **more}.items() if value is not None}) + b"\n"
