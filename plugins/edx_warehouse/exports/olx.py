"""Course content from the XML tarball (OLX), with its policies merged.

The tarball comes from course teams: links, paths that lead out of it, XML with entities, loops and bombs are refused.
Nothing is ever unpacked to disk.
"""

import tarfile
from collections import Counter
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import msgspec

from edx_warehouse.exports.content_blocks import Block, Content, Growth, Unreadable, texts
from edx_warehouse.exports.problem_xml import problem_data

MEMBER_LIMIT = 500_000
FILE_LIMIT = 64 * 1024 * 1024
TEXT_LIMIT = 1024 * 1024 * 1024
TOTAL_LIMIT = 32 * 1024 * 1024 * 1024

_CONTAINERS = frozenset(
    {
        "chapter",
        "conditional",
        "course",
        "itembank",
        "library_content",
        "problemset",
        "randomize",
        "sequential",
        "split_test",
        "vertical",
        "videosequence",
        "wrapper",
    }
)
_NO_BLOCKS = frozenset({"google-calendar", "html_textbook", "pdf_textbook", "show", "textbook", "wiki"})
_POINTER = frozenset({"url_name", "org", "course"})

type Files = dict[PurePosixPath, bytes]


def read_olx(stream: BinaryIO) -> Content:
    """Read the tree of blocks from a tar.

    :raises Unreadable: when it is hostile, no OLX, or the XML of course, chapter, sequential or vertical is broken.
    """
    return _Course(_text_files(stream)).content()


def _text_files(stream: BinaryIO) -> Files:
    """Return the XML and JSON files of a tar by path."""
    files: Files = {}
    members = text = total = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                members += 1
                total += member.size
                if not (member.isfile() or member.isdir()):
                    raise Unreadable("files and folders only", "a link or a device in the tarball", hostile=True)
                if path.is_absolute() or ".." in path.parts or "\\" in member.name:
                    raise Unreadable("paths inside the tarball", "a path that leads out of it", hostile=True)
                if member.isfile() and path.suffix in (".xml", ".json"):
                    text += member.size
                    if member.size > FILE_LIMIT or text > TEXT_LIMIT:
                        raise Unreadable("XML of a reasonable size", "more", hostile=True)
                    opened = tar.extractfile(member)
                    files[path] = opened.read() if opened else b""
                if members > MEMBER_LIMIT or total > TOTAL_LIMIT:
                    raise Unreadable("a tarball of a reasonable size", "more", hostile=True)
    except tarfile.TarError as error:
        raise Unreadable("a tar", f"{type(error).__name__} when reading it") from error
    return files


def parse_xml(document: bytes) -> Element:
    """Parse XML that has no document type, hence no entities of its own.

    :raises Unreadable: hostile when it has one; otherwise when it is not well-formed.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise Unreadable("XML without a DOCTYPE", "one", hostile=True)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(document, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable("well-formed XML", f"{type(error).__name__} when reading it") from error


class _Course:
    """The files of one course, and the tree they describe."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._notes: Counter[str] = Counter()
        self._growth = Growth()
        root = self._root()
        self._base = root.parent.parent if root.parent.name == "roots" else root.parent
        self._pointer = parse_xml(files[root])
        if self._pointer.tag != "course":
            raise Unreadable("a course element", "another one in the root file")
        self._policy = self._policies(self._pointer.get("url_name", ""))

    def content(self) -> Content:
        grading = self._grading(self._pointer.get("url_name", ""))
        return Content(self._block(self._pointer, 0), self._notes, grading)

    def _root(self) -> PurePosixPath:
        named = [path for path in self._files if path.name == "course.xml"]
        below = [path for path in self._files if path.parent.name == "roots" and path.suffix == ".xml"]
        for candidates in (named, below):
            if candidates:
                return min(candidates, key=lambda path: (len(path.parts), path))
        raise Unreadable("course.xml or roots/*.xml in the tarball", "neither")

    def _policies(self, run: str) -> dict[str, dict[str, Any]]:
        for path in (f"policies/{run}/policy.json", f"policies/{run}.json"):
            document = self._files.get(self._base / path)
            if document is not None:
                try:
                    return msgspec.json.decode(document, type=dict[str, dict[str, Any]])
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                    raise Unreadable("a policy of settings by block", f"{type(error).__name__} in a policy") from error
        self._notes["courses without a policy"] += 1
        return {}

    def _grading(self, run: str) -> dict[str, Any]:
        for path in (f"policies/{run}/grading_policy.json", "grading_policy.json"):
            document = self._files.get(self._base / path)
            if document is not None:
                try:
                    return msgspec.json.decode(document, type=dict[str, Any])
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    # The course is what it is without: no reason to hold the week.
                    self._notes["grading policies that cannot be read"] += 1
        return {}

    def _block(self, element: Element, depth: int) -> Block:
        self._growth.block(depth)
        category, url_name = element.tag, element.get("url_name", "")
        body = self._body(element)
        # The policy was written last by the authoring tool: it wins over the XML.
        settings = {**element.attrib, **body.attrib, **texts(self._policy.get(f"{category}/{url_name}", {}))}
        block = Block(category, url_name, settings, problem_data(body) if category == "problem" else {})
        if category in _CONTAINERS:
            block.children = [self._block(child, depth + 1) for child in body if child.tag not in _NO_BLOCKS]
        return block

    def _body(self, element: Element) -> Element:
        """Return the element itself, or what its file has when it only points there."""
        if len(element) or (element.text or "").strip() or not set(element.attrib) <= _POINTER:
            return element
        # A colon in a key is a folder on disk.
        path = self._base / element.tag / f"{element.get('url_name', '').replace(':', '/')}.xml"
        document = self._files.get(path)
        if document is None:
            if "url_name" in element.attrib:
                self._notes[f"{element.tag} blocks without a file"] += 1
            return element
        try:
            return parse_xml(document)
        except Unreadable as error:
            # Without a page of the course its order is lost; without the text of a problem only its kind is.
            if error.hostile or element.tag in _CONTAINERS:
                raise
            self._notes[f"{element.tag} blocks whose XML is broken"] += 1
            return element
