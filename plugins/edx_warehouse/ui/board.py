"""The status board of an institution: its sums, and a row of cells for each course."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from edx_warehouse.domain.registry import Course, Institution
from edx_warehouse.operators.freshness import FEEDS
from edx_warehouse.ui.airflow_runs import Filling, Run, Runs
from edx_warehouse.ui.board_data import DAYS, BoardData, Feeds, Hold

# A day's runs are given as long as a day is, a week's as long as a week is, before the board calls them late.
_PATIENCE = {feed: step + due for feed, (step, due) in FEEDS.items()}
_BAD = ("failed", "upstream_failed")
_USD_PER_TIB = 6.25  # on demand, as docs/operating.md says
_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, how it stands, and where it leads.

    :param kind: ``good``, ``late``, ``bad``, ``plain`` or empty; of a heatmap ``h0`` to ``h5``.
    :param path: below the UI's path; empty when it leads nowhere.
    """

    text: str
    kind: str = ""
    path: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One course."""

    name: str
    path: str
    feeds: Sequence[Cell]
    heat: Sequence[Cell]


@dataclass(frozen=True)
class Board:
    """All that a page shows of an institution."""

    institution: Institution
    rows: Sequence[Row]
    splits: Sequence[tuple[Cell, Mapping[str, Any]]]
    costs: Sequence[Mapping[str, Any]]
    held: Sequence[tuple[Hold, str]]
    fillings: Sequence[Filling]
    data: BoardData

    @property
    def sums(self) -> list[tuple[str, str, str]]:
        """What the top of the page tells: number, what it counts, and how that stands."""
        kinds = [{cell.kind for cell in row.feeds} for row in self.rows]
        failed = sum("bad" in it for it in kinds)
        late = sum("late" in it and "bad" not in it for it in kinds)
        bad_lines = sum(it["bad"] for _, it in self.splits)
        return [
            (f"{len(self.rows) - failed - late}/{len(self.rows)}", "courses in time", ""),
            (str(failed), "failed", "bad" if failed else ""),
            (str(late), "late", "late" if late else ""),
            (str(len(self.held)), "held", "bad" if self.held else ""),
            (short(bad_lines), "bad lines", "late" if bad_lines else ""),
            (size(sum(it["bytes_billed"] or 0 for it in self.costs)), f"billed in {DAYS} days", ""),
        ]


def make_board(
    institution: Institution,
    courses: Sequence[Course],
    data: BoardData,
    runs: Runs,
    fillings: Sequence[Filling],
    now: datetime,
) -> Board:
    """Put together what is known; courses that failed or are late come first.

    :param courses: those that the viewer may see.
    """
    most = max(data.events.values(), default=1)
    rows = [_row(course, data, runs, most, now) for course in courses]
    rank = {"bad": 0, "late": 1}
    rows.sort(key=lambda row: (min(rank.get(cell.kind, 2) for cell in row.feeds), row.name))
    split = f"split_logs__{institution.name}"
    slugs = {course.key.slug: course for course in courses}
    held = []
    for it in data.held:
        day, _, slug = it.unit.partition("/")
        if it.feed == "weekly" and slug in slugs:
            held.append((it, f"/dags/course_weekly__{slug}"))
        elif it.feed == "logs":
            held.append((it, _path(runs, split, _date(day))))
        else:
            held.append((it, f"/dags/hmdc_mirror__{institution.name}"))
    splits = [
        (Cell(str(day), path=_path(runs, split, day)), data.splits[day])
        for day in reversed(data.days)
        if day in data.splits
    ]
    costs = [{**it, "usd": (it["bytes_billed"] or 0) / 2**40 * _USD_PER_TIB} for it in data.costs]
    return Board(institution, rows, splits, costs, held, fillings, data)


def short(number: int) -> str:
    """Return a count in few characters."""
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            return f"{number / unit:.3g}{name}" if number < 100 * unit else f"{number // unit}{name}"
    return str(number)


def size(count: int) -> str:
    """Return a number of bytes for people."""
    for unit, name in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} B"


def _row(course: Course, data: BoardData, runs: Runs, most: int, now: datetime) -> Row:
    slug, name = course.key.slug, str(course.key)
    feeds = data.feeds.get(name, Feeds())
    daily, weekly = f"course_daily__{slug}", f"course_weekly__{slug}"
    held = {it.unit.partition("/")[0] for it in data.held if it.feed == "weekly" and it.unit.endswith(f"/{slug}")}
    cells = [
        _feed("logs", feeds.day, course, runs.newest.get(daily), _path(runs, daily, feeds.day), now),
        _feed("weekly", feeds.week, course, runs.newest.get(weekly), f"/dags/{weekly}", now),
        Cell(f"{feeds.built:%Y-%m-%d %H:%M}" if feeds.built else "none", "plain", _path(runs, daily, None)),
    ]
    if held:
        cells[1] = Cell(f"held {max(held)}", "bad", f"/dags/{weekly}", "waits for a person; see Held below")
    heat = []
    for day in reversed(data.days):
        count, run = data.events.get((name, day), 0), runs.of_days.get((daily, day))
        failed = run is not None and run.state in _BAD
        level = 0 if not count else 1 + int((_LEVELS - 1) * count.bit_length() / max(1, most.bit_length()))
        heat.append(
            Cell(
                f"{short(count) if count else '·'}{' ✗' if failed else ''}",
                "bad" if failed else f"h{min(level, _LEVELS)}",
                run.path if run else "",
            )
        )
    return Row(name, f"/dags/{daily}", cells, heat)


def _feed(feed: str, newest: date | None, course: Course, run: Run | None, path: str, now: datetime) -> Cell:
    last = course.institution.last_due(feed)
    due = min(last, (now - _PATIENCE[feed]).date())
    text = str(newest) if newest else "none"
    if run is not None and run.state in _BAD and (newest is None or run.day >= newest - timedelta(days=6)):
        return Cell(f"{text} · failed {run.day}", "bad", run.path, "the newest run failed")
    if newest is None or newest < due:
        return Cell(text, "late", path, f"should be {due} or later")
    return Cell(text, "good", path)


def _path(runs: Runs, dag_id: str, day: date | None) -> str:
    """Return where the run of a day is shown, else its Dag."""
    run = runs.of_days.get((dag_id, day)) if day else runs.newest.get(dag_id)
    return run.path if run else f"/dags/{dag_id}"


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
