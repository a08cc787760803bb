"""The command ``edx-warehouse split``."""

import argparse
import gzip
import json

import pytest

from edx_warehouse.exports import split_command

REGISTRY = """\
institutions:
  HarvardX: {project: harvardx-data, bucket: harvardx-data, archive: "file:///srv/a", log_prefixes: [harvardx, hx]}
  MITx: {project: mitx-data, bucket: mitx-data, archive: "file:///srv/b", log_prefixes: [mitx]}
courses:
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX}
  - {course_id: "course-v1:MITx+6.002x+2013", institution: MITx}
"""


@pytest.fixture
def command(tmp_path):
    (tmp_path / "registry.yaml").write_text(REGISTRY)

    def run(*arguments):
        parser = argparse.ArgumentParser()
        split_command.add_arguments(parser)
        more = ["--out", str(tmp_path / "out"), "--registry", str(tmp_path / "registry.yaml")]
        return split_command.run(parser.parse_args([*map(str, arguments), *more]))

    return run


def delivered(tmp_path, name, *courses):
    lines = [json.dumps({"time": "2014-11-10T12:00:00", "context": {"course_id": it}}) for it in courses]
    path = tmp_path / name
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return path


def test_each_day_is_split_and_told_in_a_line(tmp_path, command, capsys):
    files = [
        delivered(tmp_path, "harvardx-prod-events-2014-11-10.log.gz", "HarvardX/CS50x/2014_T1", "MITx/6.002x/2013"),
        delivered(tmp_path, "HX-edge-events-2014-11-10.log.gz", "course-v1:HarvardX+CS50x+2014_T1"),
        delivered(tmp_path, "harvardx-prod-events-2014-11-11.log.gz"),
    ]

    assert command(*files) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2014-11-10: 3 lines = 2 rows + 1 quarantined (0 bad, 1 aside) + 0 duplicates + 0 blank; 1 of 1 courses have events",
        "2014-11-11: 0 lines = 0 rows + 0 quarantined (0 bad, 0 aside) + 0 duplicates + 0 blank; 0 of 1 courses have events",
    ]
    assert (tmp_path / "out/hmdc/splits/2014-11-11.manifest.json").exists()


def test_the_limits_are_those_of_the_institution(tmp_path, command, capsys):
    (tmp_path / "registry.yaml").write_text(
        REGISTRY.replace("[harvardx, hx]", "[harvardx, hx], log_limits: {line_bytes: 50}")
    )
    file = delivered(tmp_path, "harvardx-prod-events-2014-11-10.log.gz", "HarvardX/CS50x/2014_T1")

    assert command(file) == 0
    assert "1 lines = 0 rows + 1 quarantined (1 bad, 0 aside)" in capsys.readouterr().out


def test_a_held_day_is_told_and_the_others_are_split(tmp_path, command, capsys):
    broken = tmp_path / "harvardx-prod-events-2014-11-10.log.gz"
    broken.write_bytes(b"")

    assert command(broken, delivered(tmp_path, "harvardx-prod-events-2014-11-11.log.gz")) == 3
    told = capsys.readouterr()
    assert "E-SPL-102" in told.err
    assert "next:" in told.err
    assert told.out.startswith("2014-11-11: ")


def test_the_day_can_be_given(tmp_path, command, capsys):
    assert command(delivered(tmp_path, "harvardx-prod-events-2014-11-10.log.gz"), "--day", "2014-11-12") == 0
    assert capsys.readouterr().out.startswith("2014-11-12: ")


@pytest.mark.parametrize(
    "names",
    [
        ["nobody-prod-events-2014-11-10.log.gz"],
        ["events.gz"],
        ["harvardx-prod-events-2014-11-10.log.gz", "mitx-prod-events-2014-11-10.log.gz"],
    ],
)
def test_files_of_no_or_two_institutions_are_refused(tmp_path, command, capsys, names):
    assert command(*(delivered(tmp_path, name) for name in names)) == 1
    assert "E-SPL-107" in capsys.readouterr().err


def test_a_missing_file_is_told_without_a_traceback(tmp_path, command, capsys):
    assert command(tmp_path / "harvardx-prod-events-2014-11-10.log.gz") == 1
    assert "No such file" in capsys.readouterr().err
