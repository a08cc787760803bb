"""Start the BigQuery emulator with tables in plain files, and with look-ups of one table.

Run by the emulators' own Python: ``python bigquery_emulator.py`` and what ``local-bigquery`` takes. The emulator keeps
each project as a DuckLake, which reads all of its tables again after each change of one: most of what a job cost. Here
a project is one file of DuckDB's own, which is as safe against a kill and only lacks tables as they were in the past.
For each table that a job names the emulator asks DuckDB for all tables and columns of every project. Here it asks about
the one table; a listing reads all descriptions with one query, and no query is run to learn what a quoted text is.
What it answers stays the same. The places are found by their text, so that another version of the emulator is refused,
not misread.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

# Tables are small, and jobs run beside each other: what DuckDB's own threads do most is wait for each other, awake.
_ONE_THREAD = ('config={"TimeZone": "UTC"}', 'config={"TimeZone": "UTC", "threads": 1}')
_FOUND = ('settings.data_dir.glob("*.ducklake")', 'settings.data_dir.glob("*.project")')
_SOURCE = (
    """        f"'ducklake:{path}.ducklake' AS {{}} "
        f"(DATA_PATH '{path}/', DATA_INLINING_ROW_LIMIT 0)"
""",
    """        f"'{path}.project' AS {{}}"
""",
)
_FRESH = ('f"{path.name}.ducklake"', 'f"{path.name}.project"')
_PROJECTS = ("WHERE type = 'ducklake' ", "WHERE path LIKE '%.project' ")
_OBJECTS = (
    ") -> list[tuple[str, str, int]]:\n    return fetch(",
    """) -> list[tuple[str, str, int]]:
    if table_id is not None:
        views = "SELECT 1 FROM duckdb_views() WHERE database_name = ? AND schema_name = ? AND view_name = ?"
        if fetch(views, [project_id, dataset_id, table_id]):
            return [(table_id, "VIEW", 0)]
        try:
            return [(table_id, "TABLE", fetch(f"SELECT count(*) FROM {quote(project_id, dataset_id, table_id)}")[0][0])]
        except (duckdb.BinderException, duckdb.CatalogException):
            return []
    return fetch(""",
)
_REQUIRED_COLUMNS = (
    """database.fetch(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = ? "
        "AND schema_name = ? AND table_name = ? AND NOT is_nullable",
        list(physical(project_id, dataset_id, table_id)),
    )
    required = {column for (column,) in required}
""",
    """set()
    with contextlib.suppress(duckdb.CatalogException):
        required = {column for column, _, null, *_ in database.fetch(f"DESCRIBE {table}") if null == "NO"}
""",
)
_LISTED = (
    """    rows += [
        (resource.tableReference.tableId, "TABLE")
        for resource in metadata.list_(Table, project_id, dataset_id)
        if resource.tableReference.tableId not in physical_ids
    ]
    summaries = []
    for table_id, kind in sorted(rows):
        stored = metadata.load(Table, project_id, dataset_id, table_id)
""",
    """    known = {it.tableReference.tableId: it for it in metadata.list_(Table, project_id, dataset_id)}
    rows += [(table_id, "TABLE") for table_id in known if table_id not in physical_ids]
    summaries = []
    for table_id, kind in sorted(rows):
        stored = known.get(table_id)
""",
)
_QUOTED_TEXT = (
    "    def evaluate(node: exp.Expression):\n",
    """    def evaluate(node: exp.Expression):
        if isinstance(node, exp.Literal) and node.is_string:
            return node.this
""",
)
# Only a session keeps temporary tables from one job to the next.
_TEMPORARY_TABLES = (
    'cur.sql("SELECT table_name FROM duckdb_tables() WHERE temporary")',
    'cur.sql("SELECT table_name FROM duckdb_tables() WHERE temporary" if session else "SELECT \'\' WHERE false")',
)
_INGESTION_TIME = (
    """    return bool(
        database.fetch(
            "SELECT 1 FROM duckdb_columns() WHERE database_name = ? AND schema_name = ? "
            "AND table_name = ? AND column_name = ?",
            [table.catalog, table.db, table.name, tables.INGESTION_TIME],
        )
    )
""",
    """    try:
        columns = database.fetch(f"DESCRIBE {database.quote(table.catalog, table.db, table.name)}")
    except database.duckdb.Error:
        return False
    return any(column == tables.INGESTION_TIME for column, *_ in columns)
""",
)
_CHANGES = {
    "local_bigquery.engine.database": (_ONE_THREAD, _FOUND, _SOURCE, _FRESH, _PROJECTS, _OBJECTS),
    "local_bigquery.catalog.tables": (_REQUIRED_COLUMNS, _LISTED),
    "local_bigquery.jobs.query": (_TEMPORARY_TABLES, _QUOTED_TEXT),
    "local_bigquery.sql.rules.partitions": (_INGESTION_TIME,),
}


class _Changed(SourceFileLoader):
    """A module with some places of its text replaced."""

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname) or ""
        for old, new in _CHANGES[fullname]:
            if source.count(old) != 1:
                sys.exit(f"{fullname} is not that of requirements-cloud.txt; run `make setup`")
            source = source.replace(old, new)
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds the modules that are changed; leaves the others to Python's own finders."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _CHANGES else None
        if spec and spec.origin:
            spec.loader = _Changed(name, spec.origin)
        return spec


def main() -> None:
    """Serve until killed."""
    folder = Path(sys.argv[sys.argv.index("--data-dir") + 1]) if "--data-dir" in sys.argv else Path()
    if next(folder.glob("*.ducklake"), None):
        sys.exit(f"{folder} was written by an earlier version, and is not read: run `edx-warehouse local reset`")
    sys.meta_path.insert(0, _Finder)
    if PathFinder.find_spec("pandas") is None:
        # DuckDB looks for it along the whole path with each value that it is given: now it is known to be missing.
        sys.modules["pandas"] = None  # type: ignore[assignment]
    from local_bigquery import cli  # type: ignore[import-not-found]

    cli.main()


if __name__ == "__main__":
    main()
