"""Writing a whole sample world: the registry and both institutions' archives."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.sample.courses import SampleCourse, courses
from edx_warehouse.sample.exports import write_export
from edx_warehouse.sample.files import write_lines
from edx_warehouse.sample.learning import classrooms
from edx_warehouse.sample.logs import LogDay, Run
from edx_warehouse.sample.people import learners
from edx_warehouse.sample.plan import FIRST_DAY, INSTITUTIONS, Plan
from edx_warehouse.sample.poison import Poison, break_gzip, poison_lines, rename_column, spoil_text
from edx_warehouse.sample.surveys import write_lists, write_opt_in, write_surveys

_EDGE_SHARE = 50  # one line on Edge for so many on the main site


@dataclass(frozen=True)
class WrittenLog:
    """One log file; of a file cut off afterwards, what was in it before.

    :param lines: lines in the file, blank and bad ones too.
    :param bytes: size before compression.
    """

    path: Path
    institution: str
    site: str
    day: date
    lines: int
    bytes: int


@dataclass(frozen=True)
class World:
    """What was written, so that tests and benchmarks need not guess."""

    root: Path
    registry: Path
    institutions: tuple[str, ...]
    courses: dict[CourseKey, str]
    days: tuple[date, ...]
    weeks: tuple[date, ...]
    logs: tuple[WrittenLog, ...]
    weekly_files: tuple[Path, ...]
    survey_files: tuple[Path, ...]
    reference_files: tuple[Path, ...]
    poison: Poison | None


class CannotWrite(Exception):
    """The place for the world is not free, or the plan asks for the impossible."""


def write_world(
    out: Path,
    *,
    seed: int = 1,
    courses: int = 4,
    learners: int = 200,
    weeks: int = 2,
    days: int = 5,
    events_per_day: int | None = None,
    poison: bool = False,
    windows: bool = False,
    first_day: date = FIRST_DAY,
) -> World:
    """Write a world into a directory that does not exist or is empty; it appears whole or not at all.

    Equal arguments give equal bytes, but for the archive's address in the registry.

    :param events_per_day: log lines a day of both institutions together; 15 a learner when not given.
    :raises CannotWrite: when the directory is not free or an argument is out of range.
    """
    try:
        plan = Plan(
            seed=seed,
            courses=courses,
            learners=learners,
            weeks=weeks,
            days=days,
            events_per_day=15 * learners if events_per_day is None else events_per_day,
            poison=poison,
            windows=windows,
            first_day=first_day,
        )
    except ValueError as error:
        raise CannotWrite(str(error)) from error
    out = out.absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CannotWrite(f"{out} is not an empty directory: choose another, or remove it first")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        temporary.chmod(0o755)
        world = _Writer(plan, temporary, out).write()
        temporary.rename(out)
    except BaseException:
        shutil.rmtree(temporary)
        raise
    return world


class _Writer:
    """Writes one world into a temporary place and tells of it as it will be called in the end."""

    def __init__(self, plan: Plan, root: Path, final: Path) -> None:
        self.plan = plan
        self.root = root
        self.final = final
        self.courses = courses(plan)
        self.rooms = classrooms(plan, self.courses, learners(plan))
        self.left_open: dict[str, list[Run]] = {}

    def write(self) -> World:
        # Logs come first: writing them moves the learners on, and the exports tell how far.
        logs = [log for day in self.plan.log_days for name in INSTITUTIONS for log in self._logs(name, day)]
        weekly = [path for week in self.plan.export_weeks for path in self._week(week)]
        surveys = self._surveys()
        lists = [path for name in INSTITUTIONS for path in self._lists(name)]
        registry = write_lines(self.root / "registry.yaml", self._registry(), self.plan.log_days[-1])
        poison = self._poison(logs) if self.plan.poison else None
        return World(
            root=self.final,
            registry=self._called(registry),
            institutions=INSTITUTIONS,
            courses={course.key: course.institution for course in self.courses},
            days=self.plan.log_days,
            weeks=self.plan.export_weeks,
            logs=tuple(logs),
            weekly_files=tuple(map(self._called, weekly)),
            survey_files=tuple(map(self._called, surveys)),
            reference_files=tuple(map(self._called, lists)),
            poison=poison,
        )

    def _called(self, path: Path) -> Path:
        return self.final / path.relative_to(self.root)

    def _here(self, path: Path) -> Path:
        return self.root / path.relative_to(self.final)

    def _incoming(self, institution: str) -> Path:
        return self.root / "archive" / institution / "incoming"

    def _logs(self, institution: str, day: date) -> list[WrittenLog]:
        rooms = [room for room in self.rooms if room.course.institution == institution]
        lines = self.plan.events_per_day * len(rooms) // len(self.rooms)
        extra: list[bytes] = []
        if self.plan.poison and institution == INSTITUTIONS[-1] and day == self._bad_day():
            extra = [line.raw for line in poison_lines(self._poison_course().course_id, day)]
        main = LogDay(self.plan, institution, "prod", rooms, day, lines, self.left_open.get(institution, ()))
        written = [self._log(main, institution, "prod", day, extra, [])]
        self.left_open[institution] = main.left_open
        if day == self.plan.log_days[min(1, self.plan.days - 1)]:
            edge = LogDay(self.plan, institution, "edge", rooms, day, lines // _EDGE_SHARE)
            written.append(self._log(edge, institution, "edge", day, [], main.overlap))
        return written

    def _log(
        self, log: LogDay, institution: str, site: str, day: date, extra: list[bytes], overlap: list[str]
    ) -> WrittenLog:
        name = f"{institution.lower()}-{site}-events-{day}.log.gz"
        file = log.write(self._incoming(institution) / "logs" / name, extra, overlap)
        return WrittenLog(self._called(file.path), institution, site, day, file.lines, file.bytes)

    def _week(self, week: date) -> list[Path]:
        written = []
        for room in self.rooms:
            folder = self._incoming(room.course.institution) / "weekly" / str(week)
            # One course has every table there is; more would make each export much larger for nothing new.
            written += write_export(self.plan, room, week, folder, extra=room is self.rooms[0])
        for institution in INSTITUTIONS:
            # Edge courses come in the same package; this one is in nobody's registry.
            name = f"{institution}-Sandbox-2014-user_id_map-edge-analytics.sql"
            path = self._incoming(institution) / "weekly" / str(week) / name
            written.append(write_lines(path, ["hash_id\tid\tusername"], week))
            rooms = [room for room in self.rooms if room.course.institution == institution]
            written.append(write_opt_in(rooms, week, path.with_name(f"{institution}-email_opt_in-prod-analytics.csv")))
        return written

    def _surveys(self) -> list[Path]:
        written = []
        for number, room in enumerate(self.rooms):
            folder = self._incoming(room.course.institution) / "surveys" / room.course.key.slug
            written += write_surveys(self.plan, room, number, folder)
        return written

    def _lists(self, institution: str) -> list[Path]:
        rooms = [room for room in self.rooms if room.course.institution == institution]
        return write_lists(self.plan, rooms, self._incoming(institution) / "reference")

    def _registry(self) -> list[str]:
        lines = ["# Made by edx-warehouse sample; nobody in this world exists.", "institutions:"]
        for name in INSTITUTIONS:
            place = f"{name.lower()}-data"
            lines += [
                f"  {name}:",
                f"    project: {place}",
                f"    bucket: {place}",
                f"    archive: {json.dumps(f'file://{self.final}/archive/{name}')}",
                f"    log_prefixes: [{name.lower()}]",
                "    sites: [prod, edge]",
                f"    deliveries_until: {max(*self.plan.log_days, *self.plan.export_weeks)}",
                f"    logs_until: {max(self.plan.log_days)}",
            ]
        lines.append("courses:")
        for course in self.courses:
            dates = f"launch: {self.plan.launch}, wrap: {self.plan.wrap}, groups: [{course.group}]"
            lines.append(f'  - {{course_id: "{course.course_id}", institution: {course.institution}, {dates}}}')
        if self.plan.windows:
            # The second holds the first; the first ends among the log days.
            start, ends = self.plan.launch, (self.plan.log_days[len(self.plan.log_days) // 2], self.plan.wrap)
            lines.append("windows:")
            names = zip(("opening", "whole"), ends, strict=True)
            lines += [f'  - {{name: "{name}", start: {start}, end: {end}}}' for name, end in names]
        return lines

    def _bad_day(self) -> date:
        return self.plan.log_days[min(3, self.plan.days - 1)]

    def _poison_course(self) -> SampleCourse:
        mine = [course for course in self.courses if course.institution == INSTITUTIONS[-1]]
        return mine[0] if mine else self.courses[0]

    def _poison(self, logs: list[WrittenLog]) -> Poison:
        broken_day = self.plan.log_days[min(2, self.plan.days - 1)]
        bad_day, week, course = self._bad_day(), self.plan.export_weeks[-1], self.courses[0]
        paths = {(log.institution, log.site, log.day): log.path for log in logs}
        broken = paths[INSTITUTIONS[0], "prod", broken_day]
        break_gzip(self._here(broken), broken_day)
        folder = self._incoming(course.institution) / "weekly" / str(week)
        renamed = folder / f"{course.key.file_prefix}-student_courseenrollment-prod-analytics.sql"
        rename_column(renamed, week, "created", "created_at")
        undecodable = folder / f"{course.key.file_prefix}-auth_userprofile-prod-analytics.sql"
        spoil_text(undecodable, week)
        lines = poison_lines(self._poison_course().course_id, bad_day)
        return Poison(
            broken_log=broken,
            broken_institution=INSTITUTIONS[0],
            broken_day=broken_day,
            bad_log=paths[INSTITUTIONS[-1], "prod", bad_day],
            bad_institution=INSTITUTIONS[-1],
            bad_day=bad_day,
            bad_lines=tuple((line.kind, line.fate) for line in lines),
            renamed_file=self._called(renamed),
            undecodable_file=self._called(undecodable),
            spoilt_course=course.key,
            spoilt_week=week,
        )
