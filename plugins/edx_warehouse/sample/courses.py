"""The courses of a sample world and their content, block by block."""

from dataclasses import dataclass, field
from random import Random

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.sample.plan import INSTITUTIONS, Plan

_NUMBERS = {
    "HarvardX": ("CS50x", "PH525x", "HSPH-HMS214x", "ER22x", "CB22.1x", "AI12.2x", "SPU27x", "HLS2X"),
    "MITx": ("6.00.1x", "8.01x", "6.002x", "7.00x", "14.73x", "EECS-6.341x", "15.390x", "2.01x"),
}
_TITLES = ("Welcome", "Foundations", "Methods", "Évidence & Proof", "Practice", "Beyond")
_GROUPS = ("science", "engineering", "health", "humanities")
KINDS = (
    "multiplechoiceresponse",
    "numericalresponse",
    "optionresponse",
    "stringresponse",
    "choiceresponse",
    "customresponse",
)


@dataclass(slots=True)
class Block:
    """One piece of a course's content.

    :param name: edX's url_name.
    :param kind: response type, for problems only.
    :param parts: number of answers asked for, for problems only.
    """

    category: str
    name: str
    title: str
    parent: "Block | None" = None
    children: "list[Block]" = field(default_factory=list)
    kind: str = ""
    parts: int = 0
    youtube: str = ""

    @property
    def ancestors(self) -> "list[Block]":
        """Parent first, course last."""
        return [] if self.parent is None else [self.parent, *self.parent.ancestors]

    def walk(self) -> "list[Block]":
        """Return this block and all below it, in course order."""
        return [self, *(below for child in self.children for below in child.walk())]


@dataclass(slots=True)
class SampleCourse:
    """A course run; ``opaque`` tells in which of edX's two spellings it was born."""

    key: CourseKey
    institution: str
    opaque: bool
    group: str
    root: Block
    items: list[Block]

    @property
    def course_id(self) -> str:
        """The id as the platform writes it for this course."""
        return self.key.opaque if self.opaque else str(self.key)

    @property
    def other_id(self) -> str:
        """The id in the other of the two spellings."""
        return str(self.key) if self.opaque else self.key.opaque

    def block_id(self, block: Block) -> str:
        """Return a block's id in the course's own family."""
        if self.opaque:
            parts = f"{self.key.org}+{self.key.course}+{self.key.run}"
            return f"block-v1:{parts}+type@{block.category}+block@{block.name}"
        return f"i4x://{self.key.org}/{self.key.course}/{block.category}/{block.name}"

    def html_id(self, block: Block) -> str:
        """Return a block's id as the platform puts it into HTML and into names of answers."""
        if self.opaque:
            return block.name
        return f"i4x-{self.key.org}-{self.key.course}-{block.category}-{block.name}".replace(".", "_")


def courses(plan: Plan) -> list[SampleCourse]:
    """Return the plan's courses, the institutions by turns, both spellings at each institution."""
    return [_course(number, plan) for number in range(plan.courses)]


def _course(number: int, plan: Plan) -> SampleCourse:
    institution = INSTITUTIONS[number % len(INSTITUTIONS)]
    place = number // len(INSTITUTIONS)
    known = _NUMBERS[institution]
    code = known[place] if place < len(known) else f"X{100 + place}.{place % 7}x"
    opaque = place % 2 == 1
    key = CourseKey(institution, code, "3T2014" if opaque else "2014_T3")
    random = Random(f"{plan.seed} content {key}")  # noqa: S311 - an invented world, not a secret
    root = _content(key, opaque, 4 + number % 3, random)
    items = [block for block in root.walk() if not block.children]
    return SampleCourse(key, institution, opaque, _GROUPS[number % len(_GROUPS)], root, items)


def _content(key: CourseKey, opaque: bool, chapters: int, random: Random) -> Block:
    # The older studio names a course's root for its run, the newer one calls it "course".
    root = Block("course", "course" if opaque else key.run, f"{key.course}: An Introduction")
    for chapter_number in range(chapters):
        title = _TITLES[chapter_number % len(_TITLES)]
        chapter = _add(root, "chapter", f"Week {chapter_number + 1}: {title}", opaque, random)
        for sequential_number in range(2):
            graded = sequential_number == 1
            sequential = _add(chapter, "sequential", "Homework" if graded else "Lecture", opaque, random)
            for vertical_number in range(2):
                vertical = _add(sequential, "vertical", f"Unit {vertical_number + 1}", opaque, random)
                _fill(vertical, graded, vertical_number, opaque, random)
    return root


def _fill(vertical: Block, graded: bool, number: int, opaque: bool, random: Random) -> None:
    if graded:
        for _ in range(2 - number):
            _problem(vertical, opaque, random)
        return
    video = _add(vertical, "video", f"Video {number + 1}", opaque, random)
    video.youtube = "".join(random.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefgh23456789") for _ in range(11))
    if number:
        _add(vertical, "html", "Reading", opaque, random)
    else:
        _problem(vertical, opaque, random)


def _problem(vertical: Block, opaque: bool, random: Random) -> None:
    problem = _add(vertical, "problem", "Check your understanding", opaque, random)
    problem.kind = random.choice(KINDS)
    problem.parts = random.randrange(1, 4)


def _add(parent: Block, category: str, title: str, opaque: bool, random: Random) -> Block:
    number = f"{random.getrandbits(128):032x}"
    # Course teams named the older blocks by hand, the newer ones are all hashes.
    name = f"{category.title()}_{number[:8]}" if not opaque and category != "vertical" else number
    block = Block(category, name, title, parent)
    parent.children.append(block)
    return block
