"""What a learner does at one sitting: which events, at what distance in time, and what they change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from edx_warehouse.sample.courses import Block, SampleCourse
from edx_warehouse.sample.forum import VISITS
from edx_warehouse.sample.learning import Classroom, Enrolment, Post
from edx_warehouse.sample.tables import digest

type Step = tuple[int, str]  # seconds since the step before, kind of event
type Values = dict[str, object]

_STEPS = 40  # of one sitting, about
_CHANGES = {"enrolled": "", "mode_changed": "verified", "returned": "honor", "left": ""}  # to which mode
MOBILE = ("mobile", "edx.video.played", "edx.video.paused", "edx.video.stopped")


@dataclass(slots=True)
class Sitting:
    """One learner at work in one course.

    :param values: what fills the holes of the templates now.
    :param second: the time of the step before, since 1970; whoever takes the steps moves it on.
    :param end: the second at which the last day ends that is logged: nothing is opened or answered from then on.
    """

    it: Enrolment
    room: Classroom
    values: Values
    random: Random
    second: int
    end: int


def item_values(course: SampleCourse) -> list[Mapping[str, object]]:
    """Return, for each item of a course, what fills the holes that tell where the learner is."""
    return [_where(course, item) for item in course.items]


def _where(course: SampleCourse, item: Block) -> Mapping[str, object]:
    vertical, sequential, chapter = item.ancestors[:3]
    usage = course.block_id(item).replace("/", ";_")  # as the older kind stands in paths
    return {
        "block": course.block_id(item),
        "usage": usage,
        "download": f"/courses/{course.course_id}/xblock/{usage}/handler/transcript/download",
        "html": course.html_id(item),
        "youtube": item.youtube or "none",
        "kind": item.kind,
        "chapter": chapter.name,
        "sequential": sequential.name,
        "seq_id": course.block_id(sequential),
        "position": sequential.children.index(vertical) + 1,
        "max_grade": item.parts,
    }


def change(sitting: Sitting, kind: str) -> Iterator[Step]:
    """Yield the events of a changed enrolment: ``enrolled``, ``mode_changed`` (to verified), ``returned`` or ``left``."""
    sitting.values["mode"] = _CHANGES[kind] or sitting.it.mode(sitting.second)
    if kind == "mode_changed":
        yield 0, "edx.course.enrollment.upgrade.clicked"
        yield sitting.random.randrange(1, 20), "upgraded"
    yield 0, kind
    yield sitting.random.randrange(1, 20), "info"
    if kind == "enrolled" and sitting.random.random() < 0.1:
        yield sitting.random.randrange(1, 20), "synthesised"


def offline(sitting: Sitting, places: list[Mapping[str, object]]) -> Iterator[Step]:
    """Yield videos watched on a telephone, told to the platform days later."""
    sitting.values.update(places[max(0, len(sitting.it.opened) - 1)])
    for number in range(sitting.random.randrange(1, 6)):
        sitting.values["at"] = number * 21.5 - 4  # some clients begin below 0
        yield sitting.random.randrange(3, 120), sitting.random.choice(MOBILE)


def study(sitting: Sitting, places: list[Mapping[str, object]]) -> Iterator[Step]:
    """Yield the events of a sitting in the courseware."""
    it, values, random = sitting.it, sitting.values, sitting.random
    values.update(places[max(0, len(it.opened) - 1)])
    steps = random.randrange(_STEPS // 4, _STEPS * 7 // 4)
    yield 0, random.choice(("info", "courseware", "courseware", "progress"))
    while steps > 0:
        second = sitting.second + random.randrange(2, 90)
        if second >= sitting.end:
            return
        position = it.open_next(second)
        values.update(places[position])
        wait = second - sitting.second
        for delay, kind in _item(sitting, position):
            yield wait + delay, kind
            wait = 0
            steps -= 1
        if random.random() < 0.25:
            for step in _aside(sitting):
                yield step
                steps -= 1
    yield random.randrange(1, 30), "page_close"


def over_midnight(sitting: Sitting, places: list[Mapping[str, object]]) -> Iterator[Step]:
    """Yield a sitting begun in the last four minutes of a day: a video on both sides of midnight, then the courseware."""
    values = sitting.values
    values.update(next(place for place in places if place["youtube"] != "none"))
    values["lang"], values["at"] = "es", 0
    yield 0, "transcript"
    yield 1, "play_video"
    yield 239, "download_clicked"
    values["at"] = 240
    yield 2, "pause_video"
    yield from study(sitting, places)


def _item(sitting: Sitting, position: int) -> Iterator[Step]:
    random = sitting.random
    yield 0, random.choice(("seq_next", "seq_goto", "seq_goto", "seq_prev", "courseware"))
    yield random.randrange(2), "xblock_position"
    category = sitting.it.course.items[position].category
    if category == "video":
        yield from _watch(sitting.values, random)
    elif category == "problem":
        yield from _solve(sitting, position)
    else:
        yield random.randrange(20, 400), random.choice(("page_close", "edx.ui.lms.link_clicked", "book", "wiki"))


def _watch(values: Values, random: Random) -> Iterator[Step]:
    values["at"], values["at2"] = 0, 30
    yield 1, "load_video"
    if random.random() < 0.1:
        yield random.randrange(1, 5), "transcript_download"
    values["lang"] = random.choice(("en", "en", "es", "zh-CN", ""))
    yield 0, random.choice(("transcript", "transcript", "transcript_query"))
    yield random.randrange(1, 10), "play_video"
    at = 0.0
    for _ in range(random.randrange(1, 5)):
        watched = random.randrange(5, 240)
        at += watched
        values["at"], values["at2"] = at, at + 12.5
        kind = random.choice(
            ("pause_video", "pause_video", "seek_video", "speed_change_video", "show_transcript", "hide_transcript")
        )
        if kind == "speed_change_video" and random.random() < 0.2:
            kind = "speed_change_video_nan"
        yield watched, kind
        if kind == "pause_video":
            yield 1, "xblock_state"
            yield random.randrange(2, 60), "play_video"
    yield random.randrange(5, 200), "stop_video"
    if random.random() < 0.3:
        yield random.randrange(1, 30), random.choice(("transcript_download", "download_clicked"))


def _solve(sitting: Sitting, position: int) -> Iterator[Step]:
    values, random = sitting.values, sitting.random
    yield 1, "xblock_get"
    yield random.randrange(2), "problem_show"
    while True:
        wait = random.randrange(15, 200)
        if sitting.second + wait >= sitting.end:
            return
        correct = random.random() < 0.55
        attempt = sitting.it.attempt(position, sitting.second + wait, correct)
        yield wait, "problem_check"
        yield 0, "xblock_check"
        if not attempt:
            yield 0, "problem_check_fail"
            break
        values["attempts"] = f'"{attempt}"' if attempt > 2 else attempt  # some of edX's numbers are text
        values["verdict"] = "correct" if correct else "incorrect"
        values["correct"] = "true" if correct else "false"
        values["grade"] = values["max_grade"] if correct else 0
        yield 0, "problem_check_server" if random.random() < 0.9 else "save_problem_check"  # as it was called once
        yield 0, "problem_graded"
        if correct or random.random() < 0.5:
            break
    if random.random() < 0.3:
        yield random.randrange(3, 30), "show_answer"
        yield 0, "showanswer"


def _aside(sitting: Sitting) -> Iterator[Step]:
    """Yield a look at something beside the courseware: the next of the course's visits to the forum and the like."""
    room, values, random = sitting.room, sitting.values, sitting.random
    place = random.randrange(len(room.posts)) if room.posts else 0
    values["topic"] = digest("topic", room.course.key)
    values["comment"] = digest("post", room.course.key, place + 1)[:24]
    values["peer"] = random.choice(room.enrolments).learner.user_id
    values["undo"] = random.choice(("true", "false", "false"))
    for kind in room.next_visit(VISITS):
        if kind == "edx.forum.thread.created" and random.random() < 0.7:
            continue
        wait = random.randrange(3, 200)
        if sitting.second + wait >= sitting.end:
            return
        if kind == "edx.forum.thread.created":
            place = room.post(Post(sitting.it.learner, sitting.second + wait, "Why is it 42? Très étrange.")) or place
        values["thread"] = digest("post", room.course.key, place)[:24]
        path = f"/courses/{room.course.course_id}/discussion/forum"
        values["forum_url"] = f"{path}/{values['topic']}/threads/{values['thread']}"
        yield wait, kind
