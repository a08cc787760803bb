"""The sample world: the same every time, in edX's formats, and as odd as it says."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zlib
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import oracle
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Registry
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.convert import convert
from edx_warehouse.exports.weekly_files import DOCUMENTS, files_of, is_table
from edx_warehouse.sample.columns import COLUMNS
from edx_warehouse.sample.poison import BAD, BLANK, GOOD
from edx_warehouse.sample.world import CannotWrite, World, write_world

SMALL = {"learners": 40, "days": 4, "events_per_day": 400}
SCRIPT = """
import sys
from pathlib import Path
from edx_warehouse.sample.world import write_world
write_world(Path(sys.argv[1]), learners=12, days=2, events_per_day=100, poison=True)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return write_world(tmp_path_factory.mktemp("clean") / "world", **SMALL)


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory) -> World:
    return write_world(tmp_path_factory.mktemp("poison") / "world", **SMALL, poison=True)


def tree(root: Path) -> dict[str, tuple[str, float]]:
    """Every file of a world with its digest and date; the address of the world itself is left out."""
    return {
        str(path.relative_to(root)): (
            hashlib.sha256(path.read_bytes().replace(str(root).encode(), b"")).hexdigest(),
            path.stat().st_mtime,
        )
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).removesuffix(b"\n").split(b"\n")


def table(path: Path) -> list[dict[str, str | None]]:
    """Return a table's rows with edX's escapes undone, by the rules and not by the generator's code."""
    header, *rows = path.read_bytes().decode().removesuffix("\n").split("\n")
    undone = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
    found = []
    for row in rows:
        cells: list[str | None] = []
        for cell in row.split("\t"):
            text, escaped = "", False
            for letter in cell:
                if escaped:
                    text += undone[letter]
                elif letter != "\\":
                    text += letter
                escaped = letter == "\\" and not escaped
            assert not escaped
            cells.append(None if cell == "NULL" else text)
        found.append(dict(zip(header.split("\t"), cells, strict=True)))
    return found


def weekly(world: World, course: CourseKey, week: date, name: str) -> Path:
    folder = world.root / "archive" / world.courses[course] / "incoming" / "weekly" / str(week)
    return folder / f"{course.file_prefix}-{name}-prod-analytics.sql"


def test_the_same_arguments_give_the_same_bytes_and_dates_anywhere(tmp_path):
    trees = []
    for number, surroundings in enumerate(({"TZ": "UTC"}, {"TZ": "Asia/Kolkata", "LC_ALL": "C"})):
        out = tmp_path / f"world{number}"
        environment = (
            os.environ | surroundings | {"PYTHONHASHSEED": str(number), "PYTHONPATH": os.pathsep.join(sys.path)}
        )
        subprocess.run([sys.executable, "-c", SCRIPT, out], env=environment, check=True, timeout=60)
        trees.append(tree(out))
    assert trees[0] == trees[1]
    assert len(trees[0]) > 100


def test_another_seed_gives_other_people_and_events(tmp_path):
    worlds = [write_world(tmp_path / str(seed), seed=seed, learners=12, days=1, events_per_day=100) for seed in (1, 2)]
    one, two = (tree(world.root) for world in worlds)
    assert one.keys() == two.keys()
    assert all(one[name] != two[name] for name in one if "events" in name or "auth_user-" in name)


def test_poison_spoils_the_units_it_names_and_no_other_file(world, poisoned):
    clean, odd = tree(world.root), tree(poisoned.root)
    poison = poisoned.poison
    named = {poison.broken_log, poison.bad_log, poison.renamed_file, poison.undecodable_file}
    assert clean.keys() == odd.keys()
    assert {name for name in clean if clean[name] != odd[name]} == {
        str(path.relative_to(poisoned.root)) for path in named
    }
    assert world.poison is None


def test_the_registry_is_accepted_and_names_the_archives(world):
    registry = Registry.read(world.registry)
    assert [it.name for it in registry.institutions] == ["HarvardX", "MITx"]
    assert {course.key: course.institution.name for course in registry.courses} == world.courses
    assert registry.windows == ()
    for institution in registry.institutions:
        assert len(registry.courses_of(institution)) == 2
        assert Path(institution.archive.removeprefix("file://"), "incoming").is_dir()
    assert {it.bucket for it in registry.institutions} == {"harvardx-data", "mitx-data"}


def test_windows_are_declared_when_asked_for_one_inside_the_other(tmp_path):
    world = write_world(tmp_path / "world", courses=1, learners=6, weeks=1, days=2, events_per_day=50, windows=True)
    opening, whole = Registry.read(world.registry).windows
    assert (opening.name, whole.name) == ("opening", "whole")
    assert opening.start == whole.start <= world.days[0] < opening.end == world.days[1] < whole.end


@pytest.mark.parametrize("courses", [1, 3, 68])
def test_any_number_of_courses_makes_a_registry_without_clashes(tmp_path, courses):
    world = write_world(tmp_path / "world", courses=courses, learners=3, weeks=1, days=1, events_per_day=0)
    assert len(Registry.read(world.registry).courses) == courses


def test_exports_are_dated_sundays_and_the_newest_follows_the_last_log_day(world):
    assert [week.isoweekday() for week in world.weeks] == [7, 7]
    assert world.weeks[-1] >= world.days[-1]
    assert (world.weeks[-1] - world.days[-1]).days < 7


def test_every_table_of_every_week_reads_back_with_its_columns(world):
    for week in world.weeks:
        for course in world.courses:
            for name, columns in COLUMNS.items():
                path = weekly(world, course, week, name)
                if name == "courseware_studentmodule" and not path.exists():
                    continue
                assert path.read_bytes().partition(b"\n")[0].decode().split("\t") == list(columns)
                table(path)


def test_free_text_has_what_breaks_careless_readers(world):
    texts = "".join(
        f"{row['goals']}{row['bio']}{row['mailing_address']}"
        for course in world.courses
        for row in table(weekly(world, course, world.weeks[-1], "auth_userprofile"))
    )
    for awkward in ("\t", "\n", "\r", '"', "\\", "🎓", "\u2028"):
        assert awkward in texts


def test_states_of_studentmodule_are_json_once_backslashes_are_halved(world):
    backslashes = 0
    for course in world.courses:
        raw = weekly(world, course, world.weeks[-1], "courseware_studentmodule").read_bytes().decode()
        for row in raw.removesuffix("\n").split("\n")[1:]:
            state = row.split("\t")[4]
            json.loads(state.replace("\\\\", "\\"))
            backslashes += state.count("\\\\")
    assert backslashes


def test_course_ids_in_rows_are_in_the_courses_own_spelling(world):
    spelled = {str(course.key): set() for course in Registry.read(world.registry).courses}
    for course in world.courses:
        for row in table(weekly(world, course, world.weeks[-1], "student_courseenrollment")):
            spelled[str(course)].add(row["course_id"])
    assert all(len(ids) == 1 for ids in spelled.values())
    assert {ids.pop().startswith("course-v1:") for ids in spelled.values()} == {True, False}


def test_a_later_week_holds_what_was_there_before_and_more(world):
    grown = Counter()
    for course in world.courses:
        for name, key in (("student_courseenrollment", "id"), ("courseware_studentmodule", "id"), ("auth_user", "id")):
            before, after = (
                {row[key]: row for row in table(weekly(world, course, week, name))} for week in world.weeks
            )
            assert before.keys() <= after.keys()
            grown[name] += len(after) - len(before)
        certificates = [table(weekly(world, course, week, "certificates_generatedcertificate")) for week in world.weeks]
        assert not certificates[0]
        grown["certified"] += sum(row["status"] == "downloadable" for row in certificates[1])
    assert all(count > 0 for count in grown.values())


def test_what_learners_did_in_the_logs_is_in_the_newest_export(world):
    seen = 0
    for course, institution in world.courses.items():
        rows = table(weekly(world, course, world.weeks[-1], "courseware_studentmodule"))
        attempts = {
            (row["student_id"], row["module_id"]): json.loads(row["state"]).get("attempts", 0)
            for row in rows
            if row["module_type"] == "problem"
        }
        for log in world.logs:
            for raw in lines_of(log.path) if log.institution == institution else ():
                line = json.loads(raw) if raw.endswith(b"}") else {}
                if line.get("event_type") != "problem_check" or line["event_source"] != "server":
                    continue
                uid = str((line.get("context") or {}).get("user_id"))
                if uid.isdigit() and oracle.course_of(line) == str(course) and '"}' not in line["event"]["problem_id"]:
                    assert attempts[uid, line["event"]["problem_id"]] >= int(line["event"]["attempts"])
                    seen += 1
    assert seen > 20


def test_the_course_tarball_agrees_with_the_course_structure(world):
    for course, institution in world.courses.items():
        start = world.root / "archive" / institution / "incoming" / "weekly" / str(world.weeks[0])
        structure = json.loads((start / f"{course.file_prefix}-course_structure-prod-analytics.json").read_bytes())
        packed = (start / f"{course.file_prefix}-course-prod-analytics.xml.tar.gz").read_bytes()
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as tar:
            files = {name: tar.extractfile(name).read() for name in tar.getnames()}
        kinds = Counter(name.split("/")[1] for name in files if name.endswith(".xml") and name.count("/") == 2)
        assert kinds == Counter(block["category"] for block in structure.values())
        for name, content in files.items():
            assert ET.fromstring(content) is not None if name.endswith(".xml") else content  # noqa: S314 - our own
        assert json.loads(files[f"course/policies/{course.run}/grading_policy.json"])["GRADE_CUTOFFS"] == {"Pass": 0.5}


def test_forum_answers_point_at_posts_of_the_same_export(world):
    for path in (path for path in world.weekly_files if path.suffix == ".mongo"):
        posts = [json.loads(line) for line in path.read_bytes().splitlines()]
        ids = {post["_id"]["$oid"] for post in posts}
        assert {post["comment_thread_id"]["$oid"] for post in posts if post["_type"] == "Comment"} <= ids


def test_every_log_line_is_counted(world, poisoned):
    for made in (world, poisoned):
        for log in made.logs:
            if made.poison is None or log.path != made.poison.broken_log:
                content = gzip.decompress(log.path.read_bytes())
                assert (log.lines, log.bytes) == (content.count(b"\n"), len(content))
    assert sum(log.lines for log in world.logs) == pytest.approx(4 * 400, rel=0.25)


def test_prod_and_edge_are_delivered_for_the_same_day_and_overlap(world):
    for institution in world.institutions:
        edge = [log for log in world.logs if (log.institution, log.site) == (institution, "edge")]
        assert len(edge) == 1
        prod = next(
            log for log in world.logs if (log.institution, log.site, log.day) == (institution, "prod", edge[0].day)
        )
        assert set(lines_of(edge[0].path)) & set(lines_of(prod.path))


def test_a_clean_world_has_every_form_of_payload_and_few_bad_lines(world):
    forms, bad, naive, times = Counter(), 0, 0, []
    for log in world.logs:
        for raw in lines_of(log.path):
            try:
                line = json.loads(raw)
            except ValueError:
                bad += 1
                continue
            event = line["event"]
            naive += "+" not in line["time"]
            times.append((log.day, datetime.fromisoformat(line["time"]).date()))
            if isinstance(event, str):
                try:
                    forms["NaN" if "NaN" in event else type(json.loads(event)).__name__ + " in text"] += 1
                except ValueError:
                    forms["empty" if not event else "cut" if len(event) == 512 else "text"] += 1
            else:
                forms[type(event).__name__] += 1
    assert {"dict", "list", "dict in text", "text", "cut", "empty"} <= forms.keys()
    assert 0 < bad <= len(world.logs)
    assert naive
    assert any(time < day for day, time in times)
    assert all(time <= day for day, time in times)


def test_learners_leave_plausible_gaps_and_lines_are_in_order(world):
    for log in world.logs:
        if log.site == "edge":
            continue
        times = [
            datetime.fromisoformat(line["time"])
            for line in map(json.loads, (raw for raw in lines_of(log.path) if raw.endswith(b"}")))
            if "+" in line["time"] and "." in line["time"] and line["event_source"] != "mobile"
        ]
        assert times == sorted(times)


def test_the_broken_day_cannot_be_read_to_its_end(poisoned):
    with pytest.raises((EOFError, OSError, zlib.error)):
        gzip.decompress(poisoned.poison.broken_log.read_bytes())


def test_the_bad_day_has_each_kind_of_line_with_the_fate_it_names(world, poisoned):
    poison = poisoned.poison
    fates = Counter(fate for _, fate in poison.bad_lines)
    assert fates[BAD] >= 12
    institution = poison.bad_institution
    courses = [str(course) for course, owner in poisoned.courses.items() if owner == institution]
    clean, odd = (
        oracle.count(made.root / "archive" / institution, courses, skip_weeks=[])["logs"][str(poison.bad_day)]
        for made in (world, poisoned)
    )
    name = poison.bad_log.name
    assert odd["bad"] - clean["bad"] == fates[BAD]
    assert odd["rows"] - clean["rows"] == fates[GOOD]
    assert odd["files"][name]["blank"] - clean["files"][name]["blank"] == fates[BLANK]
    assert odd["files"][name]["lines"] - clean["files"][name]["lines"] == len(poison.bad_lines)


def test_the_renamed_column_is_in_the_newest_week_of_one_course(poisoned):
    poison = poisoned.poison
    header = poison.renamed_file.read_bytes().partition(b"\n")[0].decode().split("\t")
    assert header == ["id", "user_id", "course_id", "created_at", "is_active", "mode"]
    assert poison.renamed_file == weekly(poisoned, poison.spoilt_course, poison.spoilt_week, "student_courseenrollment")
    assert poison.spoilt_week == poisoned.weeks[-1]
    with pytest.raises(UnicodeDecodeError):
        poison.undecodable_file.read_bytes().decode()


def test_the_oracle_finds_registered_viewed_and_certified_learners(world):
    for institution in world.institutions:
        courses = [str(course) for course, owner in world.courses.items() if owner == institution]
        counts = oracle.count(world.root / "archive" / institution, courses)
        for week in counts["weekly"].values():
            assert week["registered"] > week["viewed"] > 0
            assert week["registered"] == week["tables"]["users"]
        for day in counts["logs"].values():
            whole = sum(file["lines"] for file in day["files"].values())
            blank = sum(file["blank"] for file in day["files"].values())
            assert whole == day["rows"] + day["bad"] + day["aside"] + day["duplicates"] + blank
        people = {
            row["username"]
            for course in courses
            for row in table(weekly(world, CourseKey.parse(course), world.weeks[-1], "auth_user"))
        }
        assert {row["username"] for course in courses for row in counts["days"][course]["person_course_day"]} <= people


@pytest.fixture(scope="module")
def days(poisoned) -> dict[str, list[dict]]:
    """The rows of all courses together, of every table of days."""
    found = defaultdict(list)
    for institution in poisoned.institutions:
        courses = [str(course) for course, owner in poisoned.courses.items() if owner == institution]
        spoilt = [(str(poisoned.poison.spoilt_course), str(poisoned.poison.spoilt_week))]
        for of_course in oracle.count(poisoned.root / "archive" / institution, courses, spoilt)["days"].values():
            for name, rows in of_course.items():
                found[name] += rows
    return found


def test_a_small_world_has_every_way_to_use_the_forum(days):
    actions = {row["forum_action"] for row in days["forum_events"]}
    assert len(actions) == 29
    assert {row["target_user_id"] is None for row in days["forum_events"] if row["forum_action"] == "target_user"} == {
        True,
        False,
    }


def test_a_small_world_has_every_change_of_an_enrolment(days):
    kinds = {(row["event_type"].rpartition("enrollment.")[2], row["mode"]) for row in days["enrollment_events"]}
    assert kinds >= {
        ("activated", "honor"),
        ("activated", "audit"),
        ("activated", "verified"),
        ("deactivated", "honor"),
        ("deactivated", "verified"),
        ("mode_changed", "verified"),
        ("mode_changed", "honor"),
        ("upgrade.succeeded", "verified"),
        ("upgrade.clicked", "verified"),
    }
    times = [(row["verified_enroll_time"], row["verified_unenroll_time"]) for row in days["person_enrollment_verified"]]
    assert {(entered is None, left is None) for entered, left in times} >= {(False, False), (False, True)}


def test_a_small_world_has_transcripts_in_languages_and_downloads(days):
    asked = {(row["resource_event_type"], row["resource_event_data"]) for row in days["pcday_trlang_counts"]}
    assert {"transcript_language", "transcript_download"} == {kind for kind, _ in asked}
    assert len({language for _, language in asked}) >= 3


def test_a_small_world_has_old_names_telephones_and_several_addresses(world, days):
    kinds = {json.loads(raw).get("event_type") for log in world.logs for raw in lines_of(log.path) if raw[-1:] == b"}"}
    assert kinds >= {"show_answer", "showanswer", "save_problem_check", "problem_check", "book"}
    assert kinds >= {"edx.video.played", "edx.video.paused", "edx.video.stopped"}
    assert {row["event_source"] for row in days["show_answer"]} == {"browser", "server"}
    assert max(Counter((row["username"], row["date"]) for row in days["pcday_ip_counts"]).values()) > 1


def test_somebody_sits_over_midnight_every_night(world):
    for institution in world.institutions:
        logs = [log for log in world.logs if (log.institution, log.site) == (institution, "prod")]
        for before, after in pairwise(sorted(logs, key=lambda it: it.day)):
            last, first = sittings(before.path), sittings(after.path)
            gaps = [first[it][0] - last[it][-1] for it in last.keys() & first.keys()]
            assert min(gaps).total_seconds() < 300


def test_a_date_s_events_are_delivered_on_several_days(world):
    delivered = defaultdict(set)
    for log in world.logs:
        for raw in (raw for raw in lines_of(log.path) if raw.endswith(b"}")):
            delivered[json.loads(raw)["time"][:10]].add(log.day)
    assert any(len(days) > 1 for days in delivered.values())


def sittings(path: Path) -> dict[tuple[str, str], list[datetime]]:
    """The times of a log's sittings, by session and person."""
    found = defaultdict(list)
    for line in (json.loads(raw) for raw in lines_of(path) if raw.endswith(b"}")):
        if line.get("session") and line["event_source"] != "mobile":
            time = datetime.fromisoformat(line["time"])
            found[line["session"], line["username"].strip()].append(time.replace(tzinfo=UTC))
    return found


def test_a_directory_in_use_is_refused_and_left_alone(tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="not an empty directory"):
        write_world(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_an_empty_directory_is_filled_and_nothing_is_left_beside_it(tmp_path):
    out = tmp_path / "world"
    out.mkdir()
    write_world(out, learners=3, days=1, weeks=1, events_per_day=0)
    assert [path.name for path in tmp_path.iterdir()] == ["world"]
    assert sorted(path.name for path in out.iterdir()) == ["archive", "registry.yaml"]


def test_an_impossible_plan_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(CannotWrite, match="weeks must be at least 1"):
        write_world(tmp_path / "world", weeks=0)
    assert not list(tmp_path.iterdir())


def test_every_contract_has_rows_in_the_sample(world, tmp_path):
    course, week = next(iter(world.courses)), world.weeks[-1]
    folder = world.root / "archive" / world.courses[course] / "incoming" / "weekly" / str(week)
    names = {path.name: path for path in folder.rglob("*") if path.is_file()}
    found = {table: names[name] for table, name in files_of(names, [course])[course].items()}
    contracts = Contracts.read(Path(__file__).resolve().parents[3] / "include")
    assert found.keys() - DOCUMENTS.keys() == set(filter(is_table, contracts.by_name))
    assert found.keys() >= DOCUMENTS.keys()
    converted = convert(found, course, week, contracts, tmp_path / "out")
    assert [file.name for file in converted.files if file.rows_out == 0] == []
    assert converted.drift == ()
    assert not [file.name for file in converted.files if file.odd_values]
