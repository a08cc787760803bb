"""The set-up script: any Python from 3.9, whatever is installed on the machine."""

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bootstrap.py"


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_script_is_python_3_9_and_needs_the_standard_library_alone():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 9))
    imported = {name.name for it in ast.walk(tree) if isinstance(it, ast.Import) for name in it.names}
    imported |= {it.module or "" for it in ast.walk(tree) if isinstance(it, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_a_python_that_refuses_to_run_is_passed_over(bootstrap: ModuleType, tmp_path: Path):
    shim = _executable(
        tmp_path / "python3.13", "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
    )
    assert bootstrap.probe(str(shim)) is None
    assert bootstrap.probe(str(tmp_path / "nothing")) is None


def test_a_python_of_another_version_is_passed_over(bootstrap: ModuleType, tmp_path: Path):
    old = _executable(tmp_path / "python3.13", "#!/bin/sh\nprintf '3\\n12\\n1\\n/usr/bin/python3\\n'\n")
    assert bootstrap.probe(str(old)) is None


def test_a_python_that_only_pyenv_has_is_found_newest_first(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for version in ("3.13.9", "3.13.10", "3.12.1"):
        _executable(tmp_path / "versions" / version / "bin" / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    found = [it for it in bootstrap.python_candidates() if it.startswith(str(tmp_path / "versions"))]
    assert [Path(it).parts[-3] for it in found] == ["3.13.10", "3.13.9"]
    assert bootstrap.probe(found[0]) == sys.executable


def test_an_environment_is_current_until_an_input_changes(bootstrap: ModuleType, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one==1\n")
    assert not bootstrap.is_current(tmp_path, [requirements])
    (tmp_path / "setup.stamp").write_text(bootstrap.fingerprint([requirements]))
    assert bootstrap.is_current(tmp_path, [requirements])
    requirements.write_text("one==2\n")
    assert not bootstrap.is_current(tmp_path, [requirements])


def test_an_environment_whose_python_was_removed_is_not_current(bootstrap: ModuleType, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "removed")
    (tmp_path / "setup.stamp").write_text(bootstrap.fingerprint([]))
    assert not bootstrap.is_current(tmp_path, [])


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("linux", "x86_64", "glibc", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("linux", "x86_64", "", "musllinux_1_1_x86_64"),
        ("darwin", "arm64", "", "macosx_11_0_arm64"),
        ("darwin", "x86_64", "", "macosx_10_12_x86_64"),
    ],
)
def test_the_wheel_is_the_one_for_this_machine(
    bootstrap: ModuleType, system: str, machine: str, libc: str, expected: str
):
    tags = (
        "macosx_10_12_x86_64",
        "macosx_11_0_arm64",
        "manylinux_2_17_aarch64.manylinux2014_aarch64",
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "musllinux_1_1_x86_64",
        "win_amd64",
    )
    files = [{"filename": "uv-1.tar.gz"}] + [{"filename": f"uv-1-py3-none-{tag}.whl"} for tag in tags]
    assert bootstrap.choose_wheel(files, system, machine, libc)["filename"] == f"uv-1-py3-none-{expected}.whl"


def test_a_machine_without_a_wheel_is_named(bootstrap: ModuleType):
    with pytest.raises(ValueError, match="riscv64"):
        bootstrap.choose_wheel([], "linux", "riscv64", "glibc")


def test_a_failure_says_what_is_missing_and_how_to_mend_it(bootstrap: ModuleType):
    with pytest.raises(
        bootstrap.SetupError, match=r"no Python 3\.13 .* Install Python 3\.13, then run the same command again"
    ):
        bootstrap.run(["false"], "no Python 3.13 was found", "Install Python 3.13")
