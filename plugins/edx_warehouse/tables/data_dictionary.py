"""The data dictionary: one HTML page of every table, its columns and where they come from."""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

import jinja2

from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import claims_sql
from edx_warehouse.tables.declarations import LAYERS, Field, Table


def page(catalog: Catalog, tests: Path) -> str:
    """Return the page, equal bytes for equal declarations.

    :param tests: the folder whose ``sql/<layer>/<table>/*.yaml`` are the tables' cases.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("data_dictionary.html.jinja").render(
        layers={layer: [it for it in catalog.values() if it.layer == layer] for layer in LAYERS},
        columns=lambda table: list(columns_of(table.fields)),
        inputs=catalog.inputs,
        readers=lambda name: readers_of(catalog, name),
        claims=lambda table: claims_sql(table, "it"),
        cases=lambda table: list(cases_of(tests, table)),
    )


def columns_of(fields: Iterable[Field], within: str = "") -> Iterator[tuple[str, Field]]:
    """Yield each column with its whole name, those of a RECORD as ``record.column`` behind it."""
    for field in fields:
        yield within + field.name, field
        yield from columns_of(field.fields, f"{within}{field.name}.")


def readers_of(catalog: Catalog, name: str) -> list[str]:
    """Return the tables whose queries read a table, sorted."""
    return sorted(other for other in catalog if name in catalog.inputs(other))


def cases_of(tests: Path, table: Table) -> Iterator[tuple[str, str]]:
    """Yield the name of each given/expect case of a table, and what the comment above it says."""
    for path in sorted((tests / "sql" / table.layer / table.name).glob("*.yaml")):
        above = takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
        yield path.stem, " ".join(line.lstrip("# ") for line in above)
