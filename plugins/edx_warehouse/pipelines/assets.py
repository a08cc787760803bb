"""The data that Dags hand to one another, as Airflow assets: named for the course and what it is."""

from airflow.sdk import Asset

from edx_warehouse.domain import places
from edx_warehouse.domain.registry import Course, Institution


def deliveries(institution: Institution, feed: str) -> Asset:
    """Return what the mirror brings of one feed."""
    return Asset(
        name=f"{institution.name}/hmdc/{feed}", uri=f"gs://{institution.bucket}/hmdc/{feed}", group="deliveries"
    )


def events(course: Course) -> Asset:
    """Return a course's split events; its partitions are log days."""
    bucket = course.institution.bucket
    return Asset(name=f"{course.key.slug}/logs", uri=f"gs://{bucket}/{course.key.slug}/logs", group="events")


def week(course: Course) -> Asset:
    """Return a course's finished weeks; its partitions are the dates of weekly exports."""
    bucket = course.institution.bucket
    return Asset(name=f"{course.key.slug}/weekly", uri=f"gs://{bucket}/{course.key.slug}/weekly", group="weeks")


def table(course: Course, name: str) -> Asset:
    """Return one table of a course's latest dataset, or its day tables together."""
    dataset = places.logs_dataset(course.key) if name == "tracklog" else places.latest_dataset(course.key)
    return Asset(
        name=f"{course.key.slug}/{name}",
        uri=f"bigquery://{course.institution.project}/{dataset}/{name}",
        group="tables",
    )
