"""Tables for research: a pseudonym instead of names, and nothing that is restricted."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.research import ResearchProject
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.privacy import restricted

PSEUDONYMS = "keys.pseudonyms"
"""How the generated queries call the table that says which pseudonym a person has."""

_IDENTITIES = ("user_id", "username")  # in the order in which they join a person
_PSEUDONYM = Field(
    "pseudonym",
    "STRING",
    "REQUIRED",
    "Person, by a name that is this project's alone; the same in all of its tables and courses.",
)


def pseudonym(key: bytes, project: str, user_id: int) -> str:
    """Return the name by which a project knows a person: 64 characters of ``[0-9a-f]``."""
    return hmac.digest(key, project.encode() + b"\0" + str(user_id).encode(), "sha256").hex()


def fingerprint(key: bytes) -> str:
    """Return what tells keys apart and nothing else about them: 16 characters of ``[0-9a-f]``."""
    return hashlib.sha256(hmac.digest(key, b"fingerprint", "sha256")).hexdigest()[:16]


def research_tables(project: ResearchProject, catalog: Mapping[str, Table]) -> list[Table]:
    """Return the tables of a project as it gets them, each with its generated query.

    :raises Terminal: ``E-CFG-108`` for a name that is no table, or one that no pseudonym can be given in.
    """
    if project.tables is None:
        sources = [it for it in catalog.values() if _is_of_persons(it) and not set(it.grain).isdisjoint(_IDENTITIES)]
    else:
        for name in project.tables:
            if name not in catalog or not _is_of_persons(catalog[name]):
                raise _refuse(project, name)
        sources = [catalog[name] for name in project.tables]
    return [research_table(it) for it in sources]


def research_table(source: Table) -> Table:
    """Return a table without names: public columns only, and ``pseudonym`` where user_id or username was first."""
    kept = {it.name for it in source.fields if _is_kept(it)}
    fields = tuple(
        dict.fromkeys(
            _PSEUDONYM if it.name in _IDENTITIES else it
            for it in source.fields
            if it.name in kept or it.name in _IDENTITIES
        )
    )
    return Table(
        layer="research",
        name=source.name,
        description=f"{source.description.strip()} For research: people are named by pseudonyms, restricted columns "
        "are left out, and so are people who are in no list of the course's learners.",
        grain=_renamed(source.grain),
        partition=source.partition if source.partition in kept else None,
        cluster=_renamed(it for it in source.cluster if it in kept or it in _IDENTITIES),
        fields=fields,
        checks=_claims(source.checks, kept),
        warnings=_claims(source.warnings, kept),
        sql=_query(source, fields),
        references=tuple(sorted((PSEUDONYMS, source.reference))),
    )


def _is_of_persons(table: Table) -> bool:
    """Tell whether a table is made by a query, names people, and is told apart by nothing restricted but names."""
    hidden = {it.name for it in table.fields if not _is_kept(it)}
    return (
        table.layer != "report"
        and table.sql is not None
        and not {it.name for it in table.fields}.isdisjoint(_IDENTITIES)
        and hidden.isdisjoint(table.grain)
    )


def _is_kept(field: Field) -> bool:
    return field.name in _IDENTITIES or not restricted([field])


def _renamed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys("pseudonym" if name in _IDENTITIES else name for name in names))


def _claims(claims: Iterable[dict[str, Any]], kept: set[str]) -> tuple[dict[str, Any], ...]:
    """Return the claims about columns that are left, each as it was."""
    left = kept - set(_IDENTITIES)
    named = [(it, {*it.get("columns", ()), *(it[name] for name in ("column", "other") if name in it)}) for it in claims]
    return tuple(it for it, columns in named if it["claim"] != "relationship" and columns <= left)


def _query(source: Table, fields: Iterable[Field]) -> str:
    names = [it.name for it in source.fields]
    identity = next(it for it in _IDENTITIES if it in names)
    columns = "".join(f"  {'people' if it == _PSEUDONYM else 'it'}.{it.name},\n" for it in fields)
    return (
        f"SELECT\n{columns}FROM\n  {source.reference} AS it\n"
        f"INNER JOIN\n  {PSEUDONYMS} AS people\n  ON it.{identity} = people.{identity}\n"
    )


def _refuse(project: ResearchProject, found: str) -> Terminal:
    return Terminal(
        Problem(
            code="E-CFG-108",
            unit=f"research {project.name}",
            expected="tables made by a query, with a user_id or username and no other restricted column in their grain",
            found=found,
            done="nothing was started",
            next="correct or remove the name under research in the registry",
        )
    )
