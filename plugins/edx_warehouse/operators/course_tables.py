"""The tables of one course in one window, and what is needed to work on them."""

from dataclasses import dataclass

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Institution
from edx_warehouse.domain.windows import LATEST, Window
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import REFERENCE


@dataclass(frozen=True)
class CourseTables:
    """Where a course's tables of a window are, and the clients to reach them.

    :param window: a window of the registry, or ``LATEST``.
    :param catalog: the declarations of all tables.
    """

    institution: Institution
    course: CourseKey
    window: Window
    catalog: Catalog
    bucket: Bucket
    warehouse: Warehouse

    @property
    def dataset(self) -> str:
        """The dataset they are in."""
        return places.dataset(self.course, self.window)

    def target(self, table: str) -> str:
        """Return the full name of a table: ``project.dataset.table``."""
        return self.warehouse.reference(self.dataset, table)

    def target_of(self, reference: str) -> str:
        """Return the full name of a ``layer.table``: one of the course, or one that all courses share."""
        layer, name = reference.split(".")
        return self.warehouse.reference(places.REFERENCE_TABLES, name) if layer == REFERENCE else self.target(name)

    @property
    def labels(self) -> dict[str, str]:
        """The labels that all of them carry."""
        labels = {"course": self.course.slug.lower()[:63], "institution": self.institution.name.lower()}
        return labels if self.window == LATEST else labels | {"window": self.window.name.lower()[:63]}

    @property
    def facts(self) -> dict[str, str]:
        """What their records say beside that: the window and its bounds."""
        return {} if self.window == LATEST else {"window": str(self.window)}
