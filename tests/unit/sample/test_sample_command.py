"""``edx-warehouse sample`` on the command line."""

import argparse

from edx_warehouse.sample.command import add_arguments, run


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_the_command_writes_a_world_and_says_what_is_in_it(tmp_path, capsys):
    out = tmp_path / "world"
    words = ("--out", str(out), "--learners", "6", "--days", "1", "--events", "50", "--start", "2026-03-02", "--poison")
    assert run(parse(*words)) == 0
    told = capsys.readouterr().out
    assert "4 courses at HarvardX and MITx" in told
    assert "2 weekly exports: 2026-03-01, 2026-03-08" in told
    assert f"EDX_WAREHOUSE_REGISTRY={out / 'registry.yaml'}" in told
    assert (out / "archive/MITx/incoming/logs/mitx-prod-events-2026-03-02.log.gz").is_file()


def test_the_command_says_why_it_cannot_write(tmp_path, capsys):
    (tmp_path / "kept.txt").write_text("mine")
    assert run(parse("--out", str(tmp_path))) == 2
    assert "not an empty directory" in capsys.readouterr().err
