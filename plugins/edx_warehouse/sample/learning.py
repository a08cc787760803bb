"""Who takes which course, and what each has opened and answered: the state behind logs and exports alike.

Whatever is kept here carries its time, so that an export shows what was there when it was made, and no more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

from edx_warehouse.sample.courses import Block, SampleCourse
from edx_warehouse.sample.files import midnight
from edx_warehouse.sample.people import Learner
from edx_warehouse.sample.plan import Plan

ATTEMPTS = 10  # of one learner at one problem, as the content says
_BODIES = ("Why is it 42?", "Thanks — très utile!", 'The "second" part\nconfuses me', "see http://example.org")
# First mode, and after how many hours a learner goes over to verified, back to honor, and away; 0 stands for never.
_STORIES = (
    ("verified", 0, 0, 0),
    ("audit", 2, 0, 0),
    ("honor", 1, 3, 0),
    ("verified", 0, 0, 2),
    ("audit", 0, 0, 1),
    ("honor", 0, 0, 3),
    ("verified", 0, 1, 0),
    ("honor", 1, 0, 5),
)
_POSTS = 400  # of one course: the forum does not grow with the number of events


@dataclass(slots=True)
class Enrolment:
    """A learner in a course; times are seconds since 1970, 0 stands for never.

    :param engaged: comes back to the courseware; others only registered.
    :param first_mode: in which the learner enrolled.
    :param verified: when the learner went over to verified, ``returned``: and to honor, ``left``: and away.
    :param opened: when each of the course's items was first opened, in course order.
    :param attempts: by position of the problem among the items: when it was tried, and whether well.
    """

    learner: Learner
    course: SampleCourse
    created: int
    engaged: bool
    first_mode: str = "honor"
    verified: int = 0
    returned: int = 0
    left: int = 0
    opened: list[int] = field(default_factory=list)
    attempts: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)

    def mode(self, before: int) -> str:
        """Return the mode of the enrolment just before a second."""
        if 0 < self.returned < before:
            return "honor"
        return "verified" if 0 < self.verified < before else self.first_mode

    def open_next(self, second: int) -> int:
        """Open the next item, or one seen before when all are open; return its position."""
        if len(self.opened) < len(self.course.items):
            self.opened.append(second)
            return len(self.opened) - 1
        return second % len(self.opened)

    def attempt(self, position: int, second: int, correct: bool) -> int:
        """Write an answer down; return which attempt it was, 0 when there are none left."""
        tries = self.attempts.setdefault(position, [])
        if len(tries) >= ATTEMPTS:
            return 0
        tries.append((second, correct))
        return len(tries)

    def grade(self, before: int) -> float:
        """Return the share of the course's problems answered well in time."""
        problems = sum(item.category == "problem" for item in self.course.items)
        right = sum(any(ok and when < before for when, ok in tries) for tries in self.attempts.values())
        return round(right / problems, 2)


@dataclass(slots=True)
class Post:
    """A forum document; ``thread`` and ``parent`` are places in the course's list of posts."""

    author: Learner
    created: int
    body: str
    thread: int | None = None
    parent: int | None = None


@dataclass(slots=True)
class Classroom:
    """A course with its people."""

    course: SampleCourse
    enrolments: list[Enrolment]
    posts: list[Post] = field(default_factory=list)
    visits: int = 0

    def next_visit(self, visits: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        """Return the visits one after the other, then again from the first."""
        self.visits += 1
        return visits[(self.visits - 1) % len(visits)]

    def post(self, post: Post) -> int | None:
        """Keep a post and return its place; None when the forum is full."""
        if len(self.posts) >= _POSTS:
            return None
        self.posts.append(post)
        return len(self.posts) - 1


def classrooms(plan: Plan, courses: list[SampleCourse], learners: list[Learner]) -> list[Classroom]:
    """Enrol the learners and let them learn until the first log day."""
    # They begin with different visits, so that a few small courses see all of them together.
    rooms = [Classroom(course, [], visits=3 * number) for number, course in enumerate(courses)]
    random = Random(f"{plan.seed} enrolments")  # noqa: S311 - an invented world, not a secret
    stories = cycle(_STORIES)
    for learner in learners:
        wanted = (
            rooms
            if learner.staff and len(rooms) < 10
            else random.sample(rooms, min(len(rooms), random.choice((1, 1, 2, 3))))
        )
        for room in wanted:
            room.enrolments.append(_enrol(plan, learner, room.course, random, stories))
    for room in rooms:
        # As the platform numbers them: whoever came first has the lowest id, in every export.
        room.enrolments.sort(key=lambda it: (it.created, it.learner.user_id))
        _discuss(plan, room, random)
    return rooms


def _enrol(
    plan: Plan, learner: Learner, course: SampleCourse, random: Random, stories: Iterator[tuple[str, int, int, int]]
) -> Enrolment:
    begin, first, end = (midnight(day) for day in (plan.launch, plan.first_day, plan.export_weeks[-1]))
    if random.random() < 0.2 and not learner.staff:
        # Most of those who come late do so under the eyes of the logs.
        until = end + 86400 if random.random() < 0.25 else first + plan.days * 50_000
        created = random.randrange(min(first, end), until)
        mode, *hours = next(stories)
        verified, returned, left = (created + it * 3600 if it else 0 for it in hours)
        return Enrolment(learner, course, created, random.random() < 0.7, mode, verified, returned, left)
    created = random.randrange(begin, min(first, end))
    enrolment = Enrolment(learner, course, created, engaged=random.random() < 0.7)
    if random.random() < 0.15:
        enrolment.verified = created + random.randrange(3600, 30 * 86400)
    if random.random() < 0.08:
        enrolment.left = created + random.randrange(86400, 40 * 86400)
    if enrolment.engaged:
        _learn(enrolment, first, random)
    return enrolment


def _learn(enrolment: Enrolment, until: int, random: Random) -> None:
    """Let a learner open a first part of the course, and answer most of its problems."""
    items = enrolment.course.items
    share = random.choice((0.05, 0.1, 0.2, 0.4, 0.7, 1.0))
    count = max(1, int(len(items) * share))
    step = max(2, (until - enrolment.created) // (count + 1))
    for position in range(count):
        opened = enrolment.created + position * step + random.randrange(1, step)
        enrolment.opened.append(opened)
        if items[position].category == "problem" and random.random() < 0.8:
            for number in range(random.randrange(1, 4)):
                enrolment.attempt(position, opened + 40 * (number + 1), random.random() < 0.6)


def _discuss(plan: Plan, room: Classroom, random: Random) -> None:
    authors = [it.learner for it in room.enrolments if it.engaged and it.created < midnight(plan.first_day)]
    for author in authors[:60]:
        threads = [place for place, post in enumerate(room.posts) if post.thread is None]
        thread = random.choice(threads) if threads and random.random() < 0.6 else None
        answers = [place for place, post in enumerate(room.posts) if thread is not None and post.thread == thread]
        parent = random.choice(answers) if answers and random.random() < 0.4 else None
        if parent is not None:
            parent = room.posts[parent].parent or parent
        earlier = [room.posts[place].created for place in (thread, parent) if place is not None]
        created = max(earlier, default=midnight(plan.launch) + 86400) + random.randrange(60, 86400)
        room.post(Post(author, created, random.choice(_BODIES), thread, parent))


def containers(item: Block) -> list[Block]:
    """Return the blocks that open with an item: chapter, sequential and vertical."""
    return [block for block in item.ancestors if block.category != "course"]
