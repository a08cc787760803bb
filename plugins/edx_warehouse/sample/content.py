"""A course's content as edX exports it: the structure in JSON and the OLX tarball."""

import io
import json
import tarfile
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from edx_warehouse.sample.courses import Block, SampleCourse
from edx_warehouse.sample.files import iso, midnight
from edx_warehouse.sample.plan import Plan

_INPUTS = {
    "multiplechoiceresponse": (
        '<multiplechoiceresponse><choicegroup type="MultipleChoice"><choice correct="true">yes</choice>'
        '<choice correct="false">no</choice></choicegroup></multiplechoiceresponse>'
    ),
    "numericalresponse": '<numericalresponse answer="42"><textline size="10"/></numericalresponse>',
    "optionresponse": "<optionresponse><optioninput options=\"('blue','red')\" correct=\"blue\"/></optionresponse>",
    "stringresponse": '<stringresponse answer="photosynthesis"><textline size="30"/></stringresponse>',
    "choiceresponse": (
        '<choiceresponse><checkboxgroup><choice correct="true">one</choice><choice correct="false">two</choice>'
        "</checkboxgroup></choiceresponse>"
    ),
    "customresponse": '<customresponse cfn="check"><textline size="30"/></customresponse>',
}


def metadata(block: Block, plan: Plan) -> dict[str, object]:
    """Return the settings of a block which both forms of the content show."""
    settings: dict[str, object] = {"display_name": block.title}
    if block.category == "course":
        settings |= {"start": iso(midnight(plan.launch), "Z"), "end": iso(midnight(plan.wrap), "Z")}
    if block.category == "chapter" and block.parent is not None:
        week = block.parent.children.index(block)
        settings["start"] = iso(midnight(plan.launch) + week * 7 * 86400, "Z")
    if block.category == "sequential" and block.title == "Homework":
        # One of the spellings without a zone that course teams left behind.
        settings |= {"format": "Homework", "graded": True, "due": iso(midnight(plan.wrap) - 86400, "")[:16]}
    if block.category == "video":
        settings["youtube_id_1_0"] = block.youtube
    if block.category == "problem":
        settings["max_attempts"] = 10
    return settings


def course_structure(course: SampleCourse, plan: Plan) -> bytes:
    """Return the export's one object: block id to category, children and metadata."""
    structure = {
        course.block_id(block): {
            "category": block.category,
            "children": [course.block_id(child) for child in block.children],
            "metadata": metadata(block, plan),
        }
        for block in course.root.walk()
    }
    return json.dumps(structure, indent=2, sort_keys=True).encode()


def grading_policy() -> dict[str, object]:
    """Return a policy with one assignment type."""
    homework = {"type": "Homework", "short_label": "HW", "min_count": 4, "drop_count": 0, "weight": 1.0}
    return {"GRADER": [homework], "GRADE_CUTOFFS": {"Pass": 0.5}}


def course_tar(course: SampleCourse, plan: Plan, week: date) -> bytes:
    """Return the OLX tree as an uncompressed tar; its bytes depend on the content and the week alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(_olx(course, plan).items()):
            member = tarfile.TarInfo(f"course/{name}")
            member.size, member.mtime, member.mode = len(content), midnight(week), 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _olx(course: SampleCourse, plan: Plan) -> dict[str, bytes]:
    run = course.key.run
    policy = {
        f"{block.category}/{run if block is course.root else block.name}": metadata(block, plan)
        for block in course.root.walk()
        if block.category in ("course", "chapter", "sequential")
    }
    root = f'<course url_name="{run}" org="{course.key.org}" course="{course.key.course}"/>\n'
    files = {
        "course.xml": root,
        f"policies/{run}/policy.json": json.dumps(policy, indent=2, sort_keys=True),
        f"policies/{run}/grading_policy.json": json.dumps(grading_policy(), indent=2),
        "about/overview.html": f"<section><h2>About {escape(course.root.title)}</h2></section>\n",
    }
    for block in course.root.walk():
        name = run if block is course.root else block.name
        files[f"{block.category}/{name}.xml"] = _xml(block)
        if block.category == "html":
            files[f"html/{name}.html"] = f"<p>{escape(block.title)} &amp; notes</p>\n"
    return {name: text.encode() for name, text in files.items()}


def _xml(block: Block) -> str:
    attributes = f" display_name={quoteattr(block.title)}"
    inner = "".join(f'\n  <{child.category} url_name="{child.name}"/>' for child in block.children)
    if block.category == "html":
        attributes += f' filename="{block.name}"'
    if block.category == "video":
        attributes += f' youtube="1.00:{block.youtube}" youtube_id_1_0="{block.youtube}"'
    if block.category == "problem":
        attributes += ' max_attempts="10"'
        solution = (
            '<solution><div class="detailed-solution"><p>Read the unit again, with a pencil.</p></div></solution>'
        )
        inner = f"\n  <p>What follows?</p>{_INPUTS[block.kind] * block.parts}{solution}"
    return f"<{block.category}{attributes}>{inner}\n</{block.category}>\n"
