"""What operators work on: an institution with its courses, or one course of it."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse


class InstitutionOperator(BaseOperator):
    """Works on an institution.

    :param institution: whose archive, bucket and project are meant.
    :param courses: the courses it teaches.
    """

    def __init__(
        self,
        *,
        institution: Institution,
        courses: Sequence[CourseKey] = (),
        gcp_conn_id: str = "google_cloud_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.institution = institution
        self.courses = courses
        self.gcp_conn_id = gcp_conn_id

    def bucket(self) -> Bucket:
        """Return the institution's bucket."""
        return Bucket.connect(self.institution.bucket, self.gcp_conn_id)

    def warehouse(self, unit: str) -> Warehouse:
        """Return the institution's BigQuery project; errors name the unit."""
        it = self.institution
        return Warehouse.connect(it.project, self.gcp_conn_id, unit, it.restricted_tag, it.budget.bytes_per_day)


class CourseOperator(InstitutionOperator):
    """Works on one course run of an institution."""

    def __init__(self, *, course: CourseKey, **kwargs: Any) -> None:
        super().__init__(courses=(course,), **kwargs)
        self.course = course

    def warehouse(self, unit: str) -> Warehouse:
        """Return the institution's BigQuery project; errors name the course and the unit."""
        return super().warehouse(f"{self.course} {unit}".strip())
