"""The package's architecture, read from its import statements: they point one way, and clients live in few modules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = ROOT / "plugins"
PACKAGE = PLUGINS / "edx_warehouse"

# What each part may import of the others. Whoever adds to this table says why in the same commit.
MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "tables": {"domain"},
    "exports": {"domain"},
    "hooks": {"domain", "tables"},
    "operators": {"domain", "tables", "exports", "hooks"},
    "sensors": {"domain", "hooks"},
    "pipelines": {"domain", "tables", "exports", "operators", "sensors"},
    "dashboard": {"domain", "tables", "hooks"},
    "ui": {"domain", "tables", "hooks", "operators"},
    "driver": {"domain", "exports", "hooks", "operators", "local", "sample"},
    "local": {"domain"},
    "sample": {"domain", "exports"},
    "dags": {"domain", "tables", "exports", "pipelines"},
}
PURE = {"domain", "tables", "exports", "sample", "local", "cli.py"}
# Clients of the outside world are imported by hooks; these few name their types as well, or open their sessions.
CLIENTS = ("google", "airflow.providers", "gcloud", "aiohttp", "httpx", "requests", "fsspec", "urllib.request")
WITH_CLIENTS = {
    "operators/publish.py": {"google"},
    "operators/secondary_files.py": {"google"},
    "driver/state.py": {"google"},
    "sensors/manifest.py": {"aiohttp", "airflow.providers"},
    "local/web.py": {"urllib.request"},
}
MODULES = sorted(path for path in [*PACKAGE.rglob("*.py"), *(ROOT / "dags").glob("*.py")])


def name_of(path: Path) -> str:
    """Return the module's path inside the package, or ``dags/…``."""
    return str(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT))


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, packages: tuple[str, ...] | set[str]) -> set[str]:
    """Return those of the packages that a module is in."""
    return {it for it in packages if module == it or module.startswith(f"{it}.")}


every_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


@every_module
def test_imports_point_one_way(path: Path) -> None:
    part = name_of(path).split("/")[0]
    if part.endswith(".py"):
        return
    wanted = {it.split(".")[1] for it in imports(path) if it.startswith("edx_warehouse.")}
    assert wanted - {part} <= MAY_IMPORT[part]


@every_module
def test_only_hooks_import_clients(path: Path) -> None:
    name = name_of(path)
    found = {client for it in imports(path) for client in within(it, CLIENTS)}
    if not name.startswith("hooks/"):
        assert found == WITH_CLIENTS.get(name, set())


@every_module
def test_what_is_pure_imports_no_airflow(path: Path) -> None:
    if name_of(path).split("/")[0] in PURE:
        assert not [it for it in imports(path) if within(it, ("airflow",))]


def test_a_dag_file_is_short_and_imports_no_other() -> None:
    dag_files = sorted((ROOT / "dags").glob("*.py"))
    names = {path.stem for path in dag_files}
    for path in dag_files:
        assert len(path.read_text().splitlines()) <= 20, path.name
        assert not [it for it in imports(path) if it.split(".")[0] in names], path.name


def test_the_table_of_parts_is_the_package() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} | {"dags"}
    assert set(MAY_IMPORT) == folders
    assert set(WITH_CLIENTS) <= {name_of(path) for path in MODULES}


def texts() -> list[Path]:
    """Return every file that people write, but for this one."""
    folders = ("dags", "docs", "include", "plugins", "scripts", "tests", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    skipped = {"__pycache__", "edx_warehouse.egg-info"}
    return sorted(path for path in files if not skipped & set(path.parts) and path != Path(__file__).resolve())


def test_no_file_names_a_place_of_one_machine() -> None:
    machine = re.compile(r"(?<![\w.:/])/(?:work|home/\w+|Users/\w+|root)/|\.\./shared\b")
    named = []
    for path in texts():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if str(ROOT) in text or machine.search(text):
            named.append(str(path.relative_to(ROOT)))
    assert named == []


def codes() -> set[str]:
    """Return every error code that the package uses."""
    return {
        code
        for path in PLUGINS.rglob("*.py")
        for code in re.findall(r"\bE-[A-Z]{3}-[0-9]{3}\b", path.read_text(encoding="utf-8"))
    }


def test_every_error_code_has_a_page_in_the_runbook() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "runbook").glob("E-*.md")}
    assert sorted(codes() - pages) == []


def test_every_page_of_the_runbook_is_of_a_code_in_use() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "runbook").glob("E-*.md")}
    assert sorted(pages - codes()) == []
