"""The command and its table of subcommands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edx_warehouse import cli


def test_each_subcommand_is_named_once():
    names = [it.name for it in cli.SUBCOMMANDS]
    assert sorted(set(names)) == sorted(names)


def test_help_lists_every_subcommand_and_imports_none():
    code = "import sys; from edx_warehouse.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for subcommand in cli.SUBCOMMANDS:
        assert subcommand.name in answer.stdout
        assert subcommand.module not in answer.stderr.split()


def test_a_mistake_is_one_line_and_one_json_object_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    monkeypatch.setenv("EDX_WAREHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("EDX_WAREHOUSE_STORAGE_PORT", "none")
    assert cli.main(["local", "status"]) == 1
    line, document = capsys.readouterr().err.splitlines()
    assert line.startswith("E-LOC-105 ")
    assert json.loads(document)["code"] == "E-LOC-105"


def test_an_unknown_subcommand_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        cli.main(["nothing"])
    assert caught.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
