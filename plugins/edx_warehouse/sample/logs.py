"""A day of tracking logs: sittings of learners merged in the order of time, line by line."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from random import Random

from edx_warehouse.sample.files import LogFile, iso, midnight
from edx_warehouse.sample.learning import Classroom, Enrolment
from edx_warehouse.sample.plan import Plan
from edx_warehouse.sample.sessions import MOBILE, Sitting, Step, change, item_values, offline, over_midnight, study
from edx_warehouse.sample.templates import Templates, elsewhere

_MICRO = 1_000_000
_DAY = 86400 * _MICRO
_ODD_CONTEXTS = ("none", "blank", "null", "padded", "junk")
_USUAL_STEPS = 48
_RELAY = ', "roles": ["tracking"], "environment": "prod", "minion_id": "relay-1"}'
_CUT = 2043  # the platform's log relay cut lines here
_OVERLAP = 5


@dataclass(order=True, slots=True)
class Run:
    """A sitting under way: its next event and when that is, in microseconds of the day."""

    micro: int
    number: int
    kind: str = field(compare=False)
    sitting: Sitting = field(compare=False)
    steps: Iterator[Step] = field(compare=False)
    templates: Templates = field(compare=False)
    style: str = field(compare=False)
    days_late: int = field(compare=False, default=0)


class LogDay:
    """The log of one institution, site and day.

    :param rooms: the institution's courses; their state moves on as the log is written.
    :param lines: about how many lines are wanted.
    :param carried: the sittings that the day before left open.
    """

    def __init__(
        self,
        plan: Plan,
        name: str,
        site: str,
        rooms: Sequence[Classroom],
        day: date,
        lines: int,
        carried: Sequence[Run] = (),
    ) -> None:
        self.random = Random(f"{plan.seed} log {name} {site} {day}")  # noqa: S311 - an invented world, not a secret
        self.rooms = [room for room in rooms if room.enrolments]
        self.day = day
        self.site = site
        self.wanted = lines
        self.begin = midnight(day)
        self.bad = 0
        self.overlap: list[str] = []
        self._places = {room.course.key: item_values(room.course) for room in self.rooms}
        self._templates = {room.course.key: Templates(room.course, site) for room in self.rooms}
        self._elsewhere = elsewhere()
        self.left_open: list[Run] = []
        self._goes_on = site == "prod" and day != plan.log_days[-1]
        self._runs = list(carried)
        heapq.heapify(self._runs)
        self._started = 0
        self._numbers = count()

    def write(self, path: Path, extra: Sequence[bytes] = (), overlap: Sequence[str] = ()) -> LogFile:
        """Write the file: ``overlap`` repeats lines of another file, ``extra`` are raw lines spread among the others."""
        file = LogFile(path)
        waiting = list(reversed(extra))
        if waiting:
            file.write_bytes(waiting.pop())
        for line in overlap:
            file.write(line)
        spacing = max(1, self.wanted // (len(extra) + 2))
        for number, line in enumerate(self._lines(), start=1):
            file.write(line)
            if number % spacing == 0 and waiting:
                file.write_bytes(waiting.pop())
            if number % max(1, self.wanted // (_OVERLAP + 1)) == 0 and len(self.overlap) < _OVERLAP:
                self.overlap.append(line)
            if number == self.wanted // 2 and self.site == "prod":
                file.write(line[: min(_CUT, len(line) - 9)])
                self.bad += 1
        for raw in reversed(waiting):
            file.write_bytes(raw)
        file.close(self.day)
        return file

    def _lines(self) -> Iterator[str]:
        """Yield the day's lines; memory holds the sittings under way, never the day."""
        changes = sorted(self._changes(), key=lambda it: (it[0], it[1].learner.user_id, it[3]))
        changes.reverse()
        begin = self._next_begin(0)
        while True:
            due = self._runs[0].micro if self._runs else _DAY
            if changes and changes[-1][0] * _MICRO <= min(due, begin):
                second, it, room, kind = changes.pop()
                self._start(second * _MICRO, it, room, kind)
            elif begin <= due and begin < _DAY:
                yield from self._sit_down(begin)
                begin = self._next_begin(begin)
            elif self._runs:
                yield from self._step(self._runs[0])
            else:
                return

    def _changes(self) -> Iterator[tuple[int, Enrolment, Classroom, str]]:
        for room in self.rooms if self.site == "prod" else ():
            for it in room.enrolments:
                for kind, when in (
                    ("enrolled", it.created),
                    ("mode_changed", it.verified),
                    ("returned", it.returned),
                    ("left", it.left),
                ):
                    if self.begin <= when < self.begin + 86400:
                        yield when - self.begin, it, room, kind
        if self.site == "prod" and self.wanted:
            # In a small world as well somebody sits over midnight, and somebody's telephone was offline.
            for kind, second in (("over_midnight", 86400 - self.random.randrange(60, 240)), ("offline", 40_000)):
                if someone := self._someone(self.begin + second):
                    self._started += kind == "over_midnight"
                    yield second, *someone, kind

    def _next_begin(self, micro: int) -> int:
        """Return when the next learner sits down, so that the day comes out at the wanted number of lines."""
        left = max(1, round(self.wanted / _USUAL_STEPS)) - self._started
        if left <= 0 or not self.rooms:
            return _DAY
        return micro + 1 + int((_DAY - micro) / (left + 0.5) * (0.5 + self.random.random()))

    def _sit_down(self, micro: int) -> Iterator[str]:
        random = self.random
        self._started += 1
        for _ in range(random.randrange(4)):
            learner = random.choice(random.choice(self.rooms).enrolments).learner
            values = {"user": learner.username, "uid": learner.user_id, "ip": learner.ip, "agent": learner.agent}
            values |= {"session": f"{random.getrandbits(128):032x}", "time": self._time(micro)}
            yield random.choice(self._elsewhere) % values
        if someone := self._someone(self.begin + micro // _MICRO):
            self._start(micro, *someone, "offline" if random.random() < 0.04 else "study")

    def _someone(self, second: int) -> tuple[Enrolment, Classroom] | None:
        """Return somebody who is in a course and comes to learn."""
        for _ in range(20 if self.rooms else 0):
            room = self.random.choice(self.rooms)
            it = self.random.choice(room.enrolments)
            if it.engaged and it.created < second and not 0 < it.left < second:
                return it, room
        return None

    def _start(self, micro: int, it: Enrolment, room: Classroom, what: str) -> None:
        random, course = self.random, room.course
        values: dict[str, object] = {
            "user": it.learner.username,
            "uid": it.learner.user_id,
            "ip": it.learner.ip if random.random() < 0.8 else f"198.51.100.{random.randrange(1, 255)}",
            "agent": it.learner.agent,
            "session": f"{random.getrandbits(128):032x}",
            **self._places[course.key][0],
        }
        end = self.begin + 86400 * (2 if self._goes_on else 1)
        sitting = Sitting(it, room, values, random, self.begin + micro // _MICRO, end)
        if what == "study":
            steps = study(sitting, self._places[course.key])
        elif what == "over_midnight":
            steps = over_midnight(sitting, self._places[course.key])
        elif what == "offline":
            steps = offline(sitting, self._places[course.key])
        else:
            steps = change(sitting, what)
        style = random.choice(("new",) * 17 + ("old", "old", "other"))
        late = random.randrange(1, 4) if what == "offline" else 0
        run = Run(micro, next(self._numbers), "", sitting, steps, self._templates[course.key], style, late)
        if self._move_on(run):
            heapq.heappush(self._runs, run)

    def _move_on(self, run: Run) -> bool:
        """Go to the next event of a sitting; False when there is none on this day."""
        delay, run.kind = next(run.steps, (0, ""))
        run.micro += delay * _MICRO + 1000 + int(self.random.random() * 400_000)
        run.sitting.second = self.begin + run.micro // _MICRO
        if run.kind and run.micro >= _DAY and self._goes_on:
            run.micro -= _DAY
            self.left_open.append(run)
            return False
        return bool(run.kind) and run.micro < _DAY

    def _step(self, run: Run) -> Iterator[str]:
        values = run.sitting.values
        values["time"] = self._time(run.micro)
        if run.days_late:
            values["received"] = values["time"]
            values["time"] = iso(run.sitting.second - run.days_late * 86400, ".5+00:00")
        if self.random.random() < 0.025:
            yield from self._odd(run)
        else:
            yield run.templates(run.kind, run.style) % values
        heapq.heappop(self._runs)
        if self._move_on(run):
            heapq.heappush(self._runs, run)

    def _odd(self, run: Run) -> Iterator[str]:
        """Yield an event with one of the irregularities that are normal in what edX sends."""
        values, random = dict(run.sitting.values), self.random
        style = run.style
        end = ""
        match random.randrange(15):
            case 0 | 1 | 2 | 3 if run.kind not in MOBILE:
                style = random.choice(_ODD_CONTEXTS)
            case 4:
                values["time"] = str(values["time"]).removesuffix("+00:00")
            case 5:
                values["time"] = iso(run.sitting.second)
            case 6:
                values["user"] = ""
            case 7:
                values["user"] = f"{values['user']}{random.choice((' ', chr(92) + 'n'))}"
            case 8:
                values["uid"] = f'"{values["uid"]}"'
            case 9:
                values["uid"] = random.choice(("null", '""'))
            case 10:
                end = _RELAY
            case 11:
                values["block"] = f'{values["block"]}{chr(92)}"}}'
            case 12:
                values["ip"] = f"{values['ip']}, 10.0.0.1"
            case 13:
                values["ip"] = ""
            case _:
                yield run.templates(run.kind, style) % values  # and once more below: the same click, told twice
        line = run.templates(run.kind, style) % values
        yield line[:-1] + end if end else line

    def _time(self, micro: int) -> str:
        second, fraction = divmod(micro, _MICRO)
        return f"{self.day}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{fraction:06}+00:00"
