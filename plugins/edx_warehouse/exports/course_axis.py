"""``course_axis``: one row per content block, in course order, with what it inherits."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.content_blocks import Block, Content
from edx_warehouse.exports.content_dates import content_date
from edx_warehouse.exports.values import number

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class _Above:
    """What a block has from the blocks it is in."""

    url_name: str
    path: str = ""
    gformat: str | None = None
    graded: str | None = None
    due: datetime | None = None
    start: datetime | None = None
    chapter_mid: str | None = None
    split_url_name: str | None = None


class CourseAxis:
    """The rows of a course's content.

    :param notes: what was found wanting and accepted, with counts; complete after reading all rows.
    """

    def __init__(self, course: CourseKey, content: Content) -> None:
        self.course = course
        self.notes: Counter[str] = content.notes.copy()
        self._root = content.root
        self._index = 0
        self._verticals: Counter[str] = Counter()

    def rows(self) -> Iterator[bytes]:
        """Give one JSON line per block below the course; a column that is NULL is left out."""
        above = self._inherit(self._root, _Above(self._root.url_name or self.course.run))
        for row in self._below(self._root, above):
            yield _encode({name: value for name, value in row.items() if value is not None}) + b"\n"

    def _below(self, parent: Block, above: _Above) -> Iterator[dict[str, Any]]:
        shown = [child for child in parent.children if child.attributes.get("hide_from_toc", "").lower() != "true"]
        for position, block in enumerate(shown, start=1):
            url_name = self._key(block, above, position)
            module_id = f"{self.course.org}/{self.course.course}/{block.category}/{url_name}"
            by_name = block.category in ("chapter", "sequential")
            here = replace(
                self._inherit(block, above),
                path=f"{above.path}/{url_name if by_name else position}",
                chapter_mid=module_id if block.category == "chapter" else above.chapter_mid,
            )
            self._index += 1
            yield self._row(block, above, here, url_name, module_id)
            inside = url_name if block.category == "split_test" else here.split_url_name
            yield from self._below(block, replace(here, url_name=url_name, split_url_name=inside))

    def _row(self, block: Block, above: _Above, here: _Above, url_name: str, module_id: str) -> dict[str, Any]:
        return {
            "category": block.category,
            "index": self._index,
            "url_name": url_name,
            "name": block.attributes.get("display_name"),
            "gformat": here.gformat,
            "due": _iso(here.due),
            "start": _iso(here.start),
            "module_id": module_id,
            "course_id": str(self.course),
            "path": here.path,
            "data": self._data(block) or None,
            "chapter_mid": here.chapter_mid,
            "graded": here.graded,
            "parent": above.url_name,
            "is_split": here.split_url_name is not None,
            "split_url_name": here.split_url_name,
        }

    def _inherit(self, block: Block, above: _Above) -> _Above:
        start = self._date(block, "start")
        if start is None or (above.start is not None and start < above.start):
            start = above.start
        graded = block.attributes.get("graded")
        return replace(
            above,
            gformat=block.attributes.get("format", above.gformat),
            graded=above.graded if graded is None else graded.lower(),
            due=self._date(block, "due") or above.due,
            start=start,
        )

    def _key(self, block: Block, above: _Above, position: int) -> str:
        if not block.url_name:
            return f"{above.url_name}_{block.category}_{position}"
        if block.category != "vertical":
            return block.url_name
        self._verticals[block.url_name] += 1
        count = self._verticals[block.url_name]
        return block.url_name if count == 1 else f"{block.url_name}_vert_{count}"

    def _data(self, block: Block) -> dict[str, Any]:
        data: dict[str, Any] = {}
        settings = block.attributes
        if block.category == "video":
            ytid = settings.get("youtube") or (
                f"1.00:{settings['youtube_id_1_0']}" if settings.get("youtube_id_1_0") else None
            )
            if ytid:
                data["ytid"] = ytid
        if "weight" in settings:
            try:
                data["weight"] = number(settings["weight"].strip())
            except ValueError:
                self.notes["weights that are no number"] += 1
        if block.category == "split_test":
            data |= {name: settings[name] for name in ("group_id_to_child", "user_partition_id") if name in settings}
        data |= block.data
        return {name: value for name, value in data.items() if value is not None}

    def _date(self, block: Block, name: str) -> datetime | None:
        try:
            return content_date(block.attributes.get(name, ""))
        except (ValueError, OverflowError):
            self.notes[f"{name} dates in no known spelling"] += 1
            return None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
