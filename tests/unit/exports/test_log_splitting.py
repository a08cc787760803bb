"""Splitting whole files: what is published, what is held, and that nothing is lost."""

import base64
import gzip
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held, Terminal, Transient
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.day_manifest import CourseManifest, DayManifest, fingerprint
from edx_warehouse.exports.log_lines import content_digest
from edx_warehouse.exports.publishing import scratch_beside
from edx_warehouse.exports.tracking_log import split

DAY = date(2014, 11, 10)
CS50 = CourseKey("HarvardX", "CS50x", "2014_T1")
PH525 = CourseKey("HarvardX", "PH525x", "1T2014")
COURSES = [PH525, CS50]
PROD = "harvardx-prod-events-2014-11-10.log.gz"
EDGE = "harvardx-edge-events-2014-11-10.log.gz"
SCHEMA = Path(__file__).parents[3] / "include" / "schemas" / "logs" / "tracklog.yaml"


def line(course="HarvardX/CS50x/2014_T1", /, **more):
    event = {
        "time": "2014-11-10T12:00:00.000001+00:00",
        "username": "ada",
        "event_type": "play_video",
        "event_source": "browser",
        "event": '{"id": "i4x-HarvardX-CS50x-video-a", "currentTime": 1.5, "code": "x"}',
        "context": {"course_id": course, "user_id": 7},
    }
    return json.dumps(event | more).encode()


def write(folder, name, lines, *, end=b"\n"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    content = b"\n".join(lines) + (end if lines else b"")
    path.write_bytes(gzip.compress(content, mtime=0))
    return path


def tree(out):
    if not out.exists():
        return {}
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in out.rglob("*") if p.is_file()}


def rows(out, course=CS50):
    with gzip.open(out / course.slug / "logs" / f"tracklog-{DAY}.json.gz", "rt", encoding="utf-8") as part:
        return [json.loads(text) for text in part]


def entries(out, name=PROD):
    with gzip.open(out / "quarantine" / "logs" / str(DAY) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(text) for text in file]


def test_each_course_given_gets_a_part_and_a_manifest_even_without_events(tmp_path):
    manifest = split([write(tmp_path, PROD, [line()])], COURSES, tmp_path / "out", day=DAY)

    assert sorted(tree(tmp_path / "out")) == [
        "HarvardX__CS50x__2014_T1/logs/tracklog-2014-11-10.json.gz",
        "HarvardX__CS50x__2014_T1/logs/tracklog-2014-11-10.manifest.json",
        "HarvardX__PH525x__1T2014/logs/tracklog-2014-11-10.json.gz",
        "HarvardX__PH525x__1T2014/logs/tracklog-2014-11-10.manifest.json",
        "hmdc/splits/2014-11-10.manifest.json",
    ]
    assert rows(tmp_path / "out", PH525) == []
    assert [(course.course_id, course.rows) for course in manifest.courses] == [(str(CS50), 1), (str(PH525), 0)]


def test_manifests_tell_the_digests_of_what_they_speak_of(tmp_path):
    source = write(tmp_path, PROD, [line(), line(time="2014-11-09T23:00:00-02:00"), b"", b"junk"])
    out = tmp_path / "out"

    manifest = split([source], COURSES, out, day=DAY)

    assert DayManifest.from_json((out / "hmdc/splits/2014-11-10.manifest.json").read_bytes()) == manifest
    count = manifest.sources[0]
    assert count.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert count.content_sha256 == hashlib.sha256(gzip.decompress(source.read_bytes())).hexdigest()
    assert count.content_sha256 == content_digest(source, Limits())
    assert (count.lines, count.rows, count.quarantined, count.blank) == (4, 2, 1, 1)
    assert manifest.fingerprint == fingerprint(COURSES, [content_digest(source, Limits())])
    part = (out / CS50.slug / "logs" / "tracklog-2014-11-10.json.gz").read_bytes()
    course = CourseManifest.from_json((out / CS50.slug / "logs" / "tracklog-2014-11-10.manifest.json").read_bytes())
    assert course.event_dates == {"2014-11-10": 2}
    assert (course.part.bytes, course.part.sha256) == (len(part), hashlib.sha256(part).hexdigest())
    assert course.content_sha256 == hashlib.sha256(gzip.decompress(part)).hexdigest()
    assert [(source.name, source.rows) for source in course.sources] == [(PROD, 2)]
    assert course.day_manifest == "hmdc/splits/2014-11-10.manifest.json"
    (quarantine,) = manifest.quarantine
    assert quarantine.sha256 == hashlib.sha256((out / quarantine.name).read_bytes()).hexdigest()


def test_the_same_input_gives_the_same_bytes(tmp_path):
    sources = [write(tmp_path, PROD, [line(n=n) for n in range(3000)] + [b"x"]), write(tmp_path, EDGE, [line()])]
    split(sources, COURSES, tmp_path / "one", day=DAY)
    split(sources[::-1], COURSES[::-1], tmp_path / "two", day=DAY)
    first = tree(tmp_path / "two")
    split(sources, COURSES, tmp_path / "two", day=DAY)

    assert tree(tmp_path / "one") == first == tree(tmp_path / "two")


def test_any_number_of_workers_gives_the_same_bytes(tmp_path):
    ids = ["HarvardX/CS50x/2014_T1", "course-v1:HarvardX+PH525x+1T2014", "HarvardX/CS50x/2014_T1 ", "A/B/C", ""]
    odd = [b"junk", b"", line(username=" ada "), line(event="{"), line(event='{"speed": NaN}')]
    lines = [odd[n // 97 % len(odd)] if n % 97 == 0 else line(ids[n % len(ids)], n=n) for n in range(40_000)]
    sources = [write(tmp_path, PROD, lines), write(tmp_path, EDGE, lines[::7])]
    assert sum(map(len, lines)) > 2.5 * 4 * 1024 * 1024  # several blocks, which come back out of order

    trees = []
    for workers in (1, 2, 5):
        split(sources, COURSES, tmp_path / f"out{workers}", day=DAY, workers=workers)
        trees.append(tree(tmp_path / f"out{workers}"))

    assert trees[0] == trees[1] == trees[2]


def test_how_the_input_was_compressed_does_not_matter_to_the_parts(tmp_path):
    path = write(tmp_path, PROD, [line(n=n) for n in range(100)])
    first = split([path], COURSES, tmp_path / "out", day=DAY)
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[:5000], 1, mtime=0) + gzip.compress(content[5000:], 9, mtime=0) + bytes(512))
    second = split([path], COURSES, tmp_path / "out", day=DAY)

    assert first.courses == second.courses
    assert first.fingerprint == second.fingerprint


def test_both_spellings_of_a_course_are_one_course(tmp_path):
    lines = [line(), line("course-v1:HarvardX+CS50x+2014_T1"), line("course-v1:HarvardX%2BCS50x%2B2014_T1\n")]
    split([write(tmp_path, PROD, lines)], COURSES, tmp_path / "out", day=DAY)

    assert [row["course_id"] for row in rows(tmp_path / "out")] == ["HarvardX/CS50x/2014_T1"] * 3


def test_files_of_one_day_merge_and_a_line_seen_in_an_earlier_file_is_dropped(tmp_path):
    both, edge, prod = line(n=1), line(n=2), line(n=3)
    sources = [
        write(tmp_path, PROD, [prod, both, both, b"bad", prod]),
        write(tmp_path, EDGE, [both + b"\r", edge, b"bad"]),
    ]

    manifest = split(sources, COURSES, tmp_path / "out", day=DAY)

    assert [(row["source_file"], row["source_line"]) for row in rows(tmp_path / "out")] == [
        (EDGE, 1),
        (EDGE, 2),
        (PROD, 1),
        (PROD, 5),
    ]
    assert [source.name for source in manifest.sources] == [EDGE, PROD]
    assert [source.duplicates for source in manifest.sources] == [0, 3]
    assert manifest.totals.repeated == 1
    assert manifest.totals.quarantined == 1


def test_equal_keys_in_another_order_are_no_duplicate(tmp_path):
    swapped = json.dumps(dict(reversed(json.loads(line()).items()))).encode()
    manifest = split(
        [write(tmp_path, PROD, [line()]), write(tmp_path, EDGE, [swapped])], COURSES, tmp_path / "out", day=DAY
    )

    assert (manifest.totals.rows, manifest.totals.duplicates) == (2, 0)


def test_quarantine_entries_locate_the_exact_bytes(tmp_path):
    lines = [b"\xef\xbb\xbfjunk\r", line(), b"", b" \xff{ ", line("EdX/DemoX/Demo"), b"\0", b"[1]"]
    source = write(tmp_path, PROD, lines, end=b"")
    content = gzip.decompress(source.read_bytes())

    manifest = split([source], COURSES, tmp_path / "out", day=DAY)

    found = entries(tmp_path / "out")
    assert [(entry["line"], entry["reason"]) for entry in found] == [
        (1, "not_json"),
        (4, "invalid_utf8"),
        (5, "unknown_course"),
        (6, "nul"),
        (7, "not_object"),
    ]
    for entry in found:
        exact = content[entry["offset"] : entry["offset"] + entry["length"]]
        assert base64.b64decode(entry["raw"]) == exact == lines[entry["line"] - 1]
        assert entry["sha256"] == hashlib.sha256(exact).hexdigest()
        assert entry["file"] == PROD
    assert (manifest.bad, manifest.aside) == (4, 1)


@pytest.mark.parametrize("size", [1500, 3_000_000])
def test_a_line_above_the_limit_is_quarantined_whole_and_its_neighbours_live(tmp_path, size):
    lines = [line(n=1), line(text="x" * size), line(n=2), b"y" * size]
    source = write(tmp_path, PROD, lines)
    content = gzip.decompress(source.read_bytes())

    manifest = split([source], COURSES, tmp_path / "out", day=DAY, limits=Limits(line_bytes=1000))

    assert [row["source_line"] for row in rows(tmp_path / "out")] == [1, 3]
    assert manifest.quarantined == {"too_long": 2}
    for entry in entries(tmp_path / "out"):
        exact = content[entry["offset"] : entry["offset"] + entry["length"]]
        assert base64.b64decode(entry["raw"]) == exact == lines[entry["line"] - 1]
        assert entry["sha256"] == hashlib.sha256(exact).hexdigest()


def test_a_byte_order_mark_carriage_returns_and_blank_lines_do_no_harm(tmp_path):
    source = write(tmp_path, PROD, [b"\xef\xbb\xbf" + line(n=1) + b"\r", b"", b" \t\r", line(n=2) + b"\r"])

    manifest = split([source], COURSES, tmp_path / "out", day=DAY)

    assert (manifest.totals.rows, manifest.totals.blank, manifest.sources[0].bom) == (2, 2, True)


def test_a_source_without_any_line_is_a_day_without_events(tmp_path):
    manifest = split([write(tmp_path, PROD, [])], COURSES, tmp_path / "out", day=DAY)

    assert (manifest.totals.lines, [course.rows for course in manifest.courses]) == (0, [0, 0])


GOOD = gzip.compress(b"\n".join(line(n=hashlib.sha256(b"%d" % n).hexdigest()) for n in range(2000)), mtime=0)
FAULTS = {
    "cut to 1 %": GOOD[: len(GOOD) // 100],
    "cut to a half": GOOD[: len(GOOD) // 2],
    "cut by a byte": GOOD[:-1],
    "cut by the trailer": GOOD[:-8],
    "cut in the header": GOOD[:5],
    "bit flipped in the middle": GOOD[: len(GOOD) // 2]
    + bytes([GOOD[len(GOOD) // 2] ^ 1])
    + GOOD[len(GOOD) // 2 + 1 :],
    "wrong checksum": GOOD[:-8] + bytes([GOOD[-8] ^ 1]) + GOOD[-7:],
    "wrong length": GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
    "garbage behind": GOOD + b"garbage",
    "garbage behind zeros": GOOD + bytes(100) + b"garbage",
    "second member cut": GOOD + GOOD[:100],
    "no gzip": b'{"time": "2014"}\n',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_gzip_holds_the_day_and_publishes_nothing(tmp_path, fault):
    broken = tmp_path / PROD
    broken.write_bytes(FAULTS[fault])
    out = tmp_path / "out"

    with pytest.raises(Held) as held:
        split([write(tmp_path, EDGE, [line(), b"bad"]), broken], COURSES, out, day=DAY)

    problem = held.value.problem
    assert (problem.code, problem.file) == ("E-SPL-101", PROD)
    assert problem.offset is not None
    assert "compressed byte" in problem.found
    assert tree(out) == {}
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_held_day_leaves_what_was_published_before_and_a_good_file_mends_it(tmp_path):
    out = tmp_path / "out"
    good = write(tmp_path, PROD, [line()])
    kept = good.read_bytes()
    split([good], COURSES, out, day=DAY)
    before = tree(out)
    good.write_bytes(kept[:-3])

    with pytest.raises(Held):
        split([good], COURSES, out, day=DAY)

    assert tree(out) == before
    good.write_bytes(kept)
    split([good], COURSES, out, day=DAY)
    assert tree(out) == before


def test_an_empty_file_is_held(tmp_path):
    (tmp_path / PROD).write_bytes(b"")

    with pytest.raises(Held, match="E-SPL-102"):
        split([tmp_path / PROD], COURSES, tmp_path / "out", day=DAY)


def test_a_file_that_expands_too_far_is_held(tmp_path):
    (tmp_path / PROD).write_bytes(gzip.compress(bytes(3_000_000)))

    with pytest.raises(Held, match="E-SPL-103"):
        split([tmp_path / PROD], COURSES, tmp_path / "out", day=DAY, limits=Limits(expansion_free_bytes=1_000_000))
    assert tree(tmp_path / "out") == {}


class ReadSlowly(type(Path())):
    """A file to which something happens as soon as its first bytes were read."""

    def open(self, *args, **kwargs):
        waiting = [self.happens]

        class File(io.FileIO):
            def read(self, size=-1):
                content = super().read(size)
                if waiting:  # once: a file that grew with each read would never end
                    waiting.pop()(Path(self.name))
                return content

        return File(str(self))


def replaced(path):
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


CHANGES = {
    "grown": lambda path: path.write_bytes(path.read_bytes() + gzip.compress(b"{}\n")),
    "replaced by one of its size": replaced,
    "written anew": lambda path: os.utime(path, ns=(1, 1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_read_is_tried_again_and_nothing_is_published(tmp_path, change):
    source = ReadSlowly(write(tmp_path, PROD, [line()]))
    source.happens = CHANGES[change]

    with pytest.raises(Transient, match="E-SPL-105"):
        split([source], COURSES, tmp_path / "out", day=DAY)

    assert tree(tmp_path / "out") == {}
    source.happens = lambda path: None
    Path(source).write_bytes(write(tmp_path / "again", PROD, [line()]).read_bytes())
    assert split([source], COURSES, tmp_path / "out", day=DAY).totals.rows == 1


def test_two_sources_of_one_name_are_refused(tmp_path):
    sources = [write(tmp_path / "a", PROD, [line()]), write(tmp_path / "b", PROD, [line()])]

    with pytest.raises(Terminal, match="E-SPL-104"):
        split(sources, COURSES, tmp_path / "out", day=DAY)


def test_only_one_process_splits_a_day(tmp_path):
    out = tmp_path / "out"
    with scratch_beside(out, f"split-{DAY}"), pytest.raises(Transient, match="E-SPL-106"):
        split([write(tmp_path, PROD, [line()])], COURSES, out, day=DAY)


def test_what_a_killed_run_left_behind_is_swept(tmp_path):
    left = tmp_path / f".out.split-{DAY}"
    left.mkdir()
    (left / "spool").write_bytes(b"half")

    split([write(tmp_path, PROD, [line()])], COURSES, tmp_path / "out", day=DAY)

    assert not left.exists()


def test_a_quarantine_file_goes_when_its_lines_are_mended(tmp_path):
    out = tmp_path / "out"
    split([write(tmp_path, PROD, [line(), b"bad"])], COURSES, out, day=DAY)
    split([write(tmp_path, PROD, [line(), line()])], COURSES, out, day=DAY)
    split([write(tmp_path, PROD, [line(), line()])], COURSES, tmp_path / "clean", day=DAY)

    assert tree(out) == tree(tmp_path / "clean")


def test_open_files_do_not_grow_with_courses(tmp_path):
    courses = [CourseKey("HarvardX", f"C{n}", "2014") for n in range(2000)]
    source = write(tmp_path, PROD, [line(str(key)) for key in courses])
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))\n"
        "from datetime import date\n"
        "from pathlib import Path\n"
        "from edx_warehouse.domain.courses import CourseKey\n"
        "from edx_warehouse.exports.tracking_log import split\n"
        "courses = [CourseKey('HarvardX', f'C{n}', '2014') for n in range(2000)]\n"
        "print(split([Path(sys.argv[1])], courses, Path(sys.argv[2]), day=date(2014, 11, 10)).totals.rows)\n"
    )
    plugins = Path(__file__).parents[3] / "plugins"

    done = subprocess.run(
        [sys.executable, "-c", script, source, tmp_path / "out"],
        env={"PYTHONPATH": str(plugins)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("2000\n", "")


def test_memory_stays_flat_when_a_line_has_no_end(tmp_path):
    path = tmp_path / PROD
    with gzip.open(path, "wb", compresslevel=1) as file:
        for n in range(200):
            file.write(hashlib.sha256(b"%d" % n).hexdigest().encode() * 16384)

    with gzip.open(path, "ab") as file:
        file.write(b"\n" + line())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    manifest = split([path], COURSES, tmp_path / "out", day=DAY, limits=Limits(expansion_ratio=2000))

    assert manifest.sources[0].content_bytes == 200 * 1024 * 1024 + 1 + len(line())
    assert (manifest.quarantined, manifest.totals.rows) == ({"too_long": 1}, 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


FIELDS = {field["name"]: field for field in yaml.safe_load(SCHEMA.read_text())["fields"]}
KINDS = {"STRING": str, "TIMESTAMP": str, "INTEGER": int, "FLOAT": (int, float), "RECORD": dict, "DATE": str}


def assert_fits(row, fields):
    assert row.keys() <= fields.keys()
    assert {name for name, field in fields.items() if field.get("mode") == "REQUIRED"} <= row.keys()
    for name, value in row.items():
        assert isinstance(value, KINDS[fields[name]["type"]])
        assert not isinstance(value, bool)
        if isinstance(value, int):
            assert -(2**63) <= value < 2**63
        if fields[name]["type"] == "RECORD":
            assert_fits(value, {field["name"]: field for field in fields[name]["fields"]})
    for name in {"event", "context", "other", "GET", "POST"} & row.keys():
        json.loads(row[name], parse_constant=pytest.fail)


def test_every_field_of_the_schema_is_described():
    document = yaml.safe_load(SCHEMA.read_text())
    fields = [*document["fields"], *FIELDS["event_struct"]["fields"]]

    assert all(field["description"] and field["type"] in KINDS for field in fields)
    assert set(document["grain"]) <= FIELDS.keys()


IDS = st.sampled_from(["HarvardX/CS50x/2014_T1", "course-v1:HarvardX+PH525x+1T2014", "A/B/C", "junk", "", None, 5])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=20), IDS,
    st.sampled_from(["NaN", "{", '{"a": NaN}', '{"GET": {"password": ["x"]}}', "2014-11-10T00:00:00Z", "\0", "1e999"]),
)  # fmt: skip
NAMES = st.sampled_from(
    ["time", "username", "event_type", "ip", "page", "context", "event", "course_id", "user_id", "path", "id", "GET",
     "grade", "currentTime", "received_at", "module", "usage_key", "i4x-a.b", "$oid", 'q"uote', "back\\", "roles"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(NAMES, inner, max_size=5),
        st.dictionaries(NAMES, inner, max_size=3).map(json.dumps),
    ),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda base, more, ascii_, spaced: json.dumps(
        {**base, **more}, ensure_ascii=ascii_, separators=(" , ", " : ") if spaced else None
    ).encode("utf-8", "surrogatepass"),
    st.builds(
        lambda id_, context, event: {
            "time": "2014-11-10T12:00:00", "context": {**context, "course_id": id_}, "event": event
        },
        IDS, st.dictionaries(NAMES, VALUES, max_size=3), VALUES,
    ),
    st.dictionaries(NAMES, VALUES, max_size=3),
    st.booleans(),
    st.booleans(),
)  # fmt: skip
LINES = st.one_of(
    EVENTS,
    st.builds(lambda text, at: text[: len(text) * at // 100], EVENTS, st.integers(0, 100)),
    st.builds(
        lambda text, at, byte: text[:at] + bytes([byte]) + text[at:], EVENTS, st.integers(0, 300), st.integers(0, 255)
    ),
    st.binary(max_size=60),
    st.sampled_from([b"", b"\r", b"{}", b"[" * 2000, b'{"a":' * 2000, b"\xef\xbb\xbf", line(), line(), line("A/B/C")]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=40), st.lists(LINES, max_size=20), st.sampled_from([b"", b"\n"]))
def test_whatever_comes_in_every_line_is_accounted_for(prod, edge, end):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        # Twice as many lines as were drawn come out when some contain a line feed: the content counts.
        sources = [write(Path(folder), PROD, prod, end=end), write(Path(folder), EDGE, edge, end=end)]
        contents = {path.name: gzip.decompress(path.read_bytes()) for path in sources}

        manifest = split(sources, COURSES, out, day=DAY, limits=Limits(quarantine_share=1.0))

        totals = manifest.totals
        expected = sum(text.count(b"\n") + (not text.endswith(b"\n") and text != b"") for text in contents.values())
        assert totals.lines == expected
        assert totals.rows + totals.quarantined + totals.duplicates + totals.blank == expected
        assert manifest.imbalances() == []
        published = [row for course in COURSES for row in rows(out, course)]
        assert len(published) == totals.rows
        for row in published:
            assert_fits(row, FIELDS)
        for file in manifest.quarantine:
            for entry in entries(out, Path(file.name).name.removesuffix(".jsonl.gz")):
                exact = contents[entry["file"]][entry["offset"] : entry["offset"] + entry["length"]]
                assert base64.b64decode(entry["raw"]) == exact


@pytest.mark.parametrize("text", [b"l" * 4_300_000, b"\t" * 4_300_000])
def test_a_line_above_the_limit_is_known_again_wherever_it_lies_in_its_file(tmp_path, text):
    # Where blocks end says whether such a line comes in one or by itself; that must not say what becomes of it.
    alone, among = [b" " + text + b" ", line(n=1)], [line(n=n) for n in range(2000)] + [text + b"\r"]
    sources = [write(tmp_path, EDGE, alone), write(tmp_path, PROD, among)]

    manifest = split(sources, COURSES, tmp_path / "out", day=DAY, limits=Limits(line_bytes=1000))

    blank = not text.strip()
    assert [source.blank for source in manifest.sources] == [blank, blank]
    assert [source.duplicates for source in manifest.sources] == [0, 1 + (not blank)]
    assert manifest.quarantined == ({} if blank else {"too_long": 1})
