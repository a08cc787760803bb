"""What a drive of the main job left in the local cloud, judged by the oracle."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import oracle
from edx_warehouse.domain import places
from edx_warehouse.sample.world import World
from edx_warehouse.tables.catalog import Catalog
from oracle_differences import differences as row_differences

CHECKOUT = Path(__file__).resolve().parents[1]


class Look:
    """Reads the local cloud with Google's own clients."""

    def __init__(self, environment: dict[str, str]) -> None:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery, storage

        os.environ |= {name: environment[name] for name in ("STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST")}
        self.bigquery = {
            name: bigquery.Client(project=f"{name.lower()}-data", credentials=AnonymousCredentials())
            for name in ("HarvardX", "MITx")
        }
        self.storage = storage.Client(project="harvardx-data", credentials=AnonymousCredentials())

    def rows(self, institution: str, dataset: str, table: str) -> list[dict[str, Any]]:
        client = self.bigquery[institution]
        return [dict(row) for row in client.list_rows(f"{client.project}.{dataset}.{table}")]

    def table(self, institution: str, dataset: str, table: str) -> Any:
        client = self.bigquery[institution]
        return client.get_table(f"{client.project}.{dataset}.{table}")

    def counts(self) -> dict[str, int]:
        return {
            f"{client.project}.{dataset.dataset_id}.{item.table_id}": client.get_table(item.reference).num_rows
            for client in self.bigquery.values()
            for dataset in client.list_datasets()
            if dataset.dataset_id.endswith(("_latest", "_logs"))
            for item in client.list_tables(dataset.reference)
        }

    def objects(self, institution: str, prefix: str = "") -> list[str]:
        return sorted(it.name for it in self.storage.list_blobs(f"{institution.lower()}-data", prefix=prefix))

    def text(self, institution: str, name: str) -> str:
        return self.storage.bucket(f"{institution.lower()}-data").blob(name).download_as_text()


def expectations(world: World) -> dict[str, Any]:
    """Return what the oracle counts in the archive of each institution."""
    spoilt = [(str(world.poison.spoilt_course), str(world.poison.spoilt_week))] if world.poison else []
    return {
        institution: oracle.count(
            world.root / "archive" / institution,
            [str(course) for course, owner in world.courses.items() if owner == institution],
            skip_weeks=spoilt,
        )
        for institution in world.institutions
    }


def day_table_differences(tables: dict[str, int], expectation: dict[str, Any], world: World) -> list[str]:
    """Compare the rows of every day table with the oracle's count.

    :param tables: rows by table, as ``Look.counts`` returns them.
    """
    wrong = []
    for institution, expected in expectation.items():
        courses = [course for course, owner in world.courses.items() if owner == institution]
        for day, counts in expected["logs"].items():
            for course in courses:
                name = f"{institution.lower()}-data.{places.logs_dataset(course)}.{places.day_table(date.fromisoformat(day))}"
                found = tables.get(name)
                wanted = None if "held" in counts else counts["events"].get(str(course), 0)
                if found != wanted:
                    wrong.append(f"{name}: {found} rows, the oracle says {wanted}")
    return wrong


def tables_of_days_differences(look: Look, expectation: dict[str, Any], world: World) -> list[str]:
    """Compare every table of days with the oracle, in all rows and columns."""
    catalog = Catalog.read(CHECKOUT / "include")
    wrong = []
    for course, institution in world.courses.items():
        for name, expected in expectation[institution]["days"][str(course)].items():
            found = look.rows(institution, places.latest_dataset(course), name)
            grain = catalog[f"secondary.{name}"].grain
            wrong += [f"{course} {it}" for it in row_differences(name, grain, expected, found)]
    return wrong


def person_differences(look: Look, expectation: dict[str, Any], world: World) -> list[str]:
    """Compare the sums of person_course and stats_overall with the oracle's."""
    wrong = []
    for course, institution in world.courses.items():
        weekly = expectation[institution]["weekly"][str(course)]
        people = look.rows(institution, places.latest_dataset(course), "person_course")
        [stats] = look.rows(institution, places.latest_dataset(course), "stats_overall")
        for it in ("registered", "viewed", "certified"):
            sums = {"person_course": sum(bool(row[it]) for row in people), "stats_overall": stats[f"{it}_sum"]}
            wrong += [f"{course} {table}.{it}: {n}, not {weekly[it]}" for table, n in sums.items() if n != weekly[it]]
    return wrong
