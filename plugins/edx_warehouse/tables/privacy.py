"""Which columns are restricted, and which tables may hold such columns without policy tags."""

from collections.abc import Iterable, Iterator, Sequence

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.registry import Institution
from edx_warehouse.tables.declarations import Field, Table


def restricted(fields: Sequence[Field]) -> list[str]:
    """Return the names of the restricted columns, those inside a RECORD as ``record.column``."""
    return list(_restricted(fields, ""))


def _restricted(fields: Sequence[Field], path: str) -> Iterator[str]:
    for field in fields:
        if field.privacy == "restricted":
            yield path + field.name
        yield from _restricted(field.fields, f"{path}{field.name}.")


def require_protection(institution: Institution, tables: Iterable[Table]) -> None:
    """Refuse tables whose restricted columns nothing protects; look at all tables of the catalog at once.

    Without a list in the registry every table may have restricted columns: its label tells that it has.

    :raises Terminal: ``E-CFG-107`` naming a table that the list leaves out, or a name that is no table.
    """
    named = institution.restricted_tables
    if named is None:
        return
    tables = list(tables)
    for table in tables:
        if table.reference not in named and (columns := restricted(table.fields)):
            raise _refuse(
                institution,
                f"{table.reference} among restricted_tables, as it has restricted columns",
                f"{', '.join(columns)} and no policy tag",
                f"give restricted_tables the name {table.reference} when its readers are chosen, or set policy_tags",
            )
    if unknown := sorted(named - {table.reference for table in tables}):
        raise _refuse(institution, "declared tables, as layer.table", unknown[0], "correct or remove the name")


def _refuse(institution: Institution, expected: str, found: str, mend: str) -> Terminal:
    return Terminal(
        Problem(
            code="E-CFG-107",
            unit=institution.name,
            field=f"institutions.{institution.name}.restricted_tables",
            expected=expected,
            found=found,
            done="nothing was started",
            next=mend,
        )
    )
