"""Waiting for a delivery without holding a worker."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from aiohttp import ClientError, ClientSession
from airflow.providers.google.cloud.hooks.gcs import GCSAsyncHook
from airflow.sdk import BaseOperator, Context
from airflow.triggers.base import BaseTrigger, TriggerEvent

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.hooks.bucket import Bucket


class ManifestTrigger(BaseTrigger):
    """Looks for objects that match a glob until there is one; a service that is away is asked again.

    :param until: when to stop looking, in seconds since 1970.
    """

    def __init__(self, bucket: str, glob: str, until: float, poke_interval: float, gcp_conn_id: str) -> None:
        super().__init__()
        self.until = until
        self.bucket = bucket
        self.glob = glob
        self.poke_interval = poke_interval
        self.gcp_conn_id = gcp_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes this trigger again in the triggerer."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "bucket": self.bucket,
                "glob": self.glob,
                "until": self.until,
                "poke_interval": self.poke_interval,
                "gcp_conn_id": self.gcp_conn_id,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when there is a match, or when it is too late for one."""
        hook = GCSAsyncHook(gcp_conn_id=self.gcp_conn_id)
        while True:
            try:
                async with ClientSession() as session:
                    storage = await hook.get_storage_client(session)
                    found = await storage.get_bucket(self.bucket).list_blobs(match_glob=self.glob)
            except (ClientError, TimeoutError) as error:
                self.log.warning(
                    "Storage did not answer (%s); asked again in %s s", type(error).__name__, self.poke_interval
                )
                found = []
            if found or time.time() > self.until:
                yield TriggerEvent({"found": len(found)})
                return
            await asyncio.sleep(self.poke_interval)


class ManifestSensor(BaseOperator):
    """Wait until the bucket holds an object that matches a glob.

    :param glob: of object names (templated); ``*`` does not cross a slash.
    :param due: how long the object may still be missing before the run fails as late.
    """

    template_fields = ("glob",)

    def __init__(
        self,
        *,
        bucket: str,
        glob: str,
        due: timedelta,
        poke_interval: float = 60,
        gcp_conn_id: str = "google_cloud_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.glob = glob
        self.due = due
        self.poke_interval = poke_interval
        self.gcp_conn_id = gcp_conn_id

    def execute(self, context: Context) -> None:
        """Look once; if there is nothing yet, leave the looking to the triggerer."""
        if not Bucket.connect(self.bucket, self.gcp_conn_id).match(self.glob):
            until = time.time() + self.due.total_seconds()
            trigger = ManifestTrigger(self.bucket, self.glob, until, self.poke_interval, self.gcp_conn_id)
            self.defer(trigger=trigger, method_name="resume")

    def resume(self, context: Context, event: dict[str, Any]) -> None:
        """Go on after the wait.

        :raises Terminal: ``E-DLV-101`` when nothing came in time.
        """
        if not event["found"]:
            raise Terminal(
                Problem(
                    code="E-DLV-101",
                    unit=f"{context['dag_run'].dag_id} {context['dag_run'].logical_date:%Y-%m-%d}",
                    file=f"gs://{self.bucket}/{self.glob}",
                    expected=f"a delivery within {self.due} of the run's start",
                    found="none",
                    done="nothing; what was there before is still served",
                    next="ask who delivers; when it comes, the mirror clears this run by itself",
                )
            )
        self.log.info("%s: %d objects", self.glob, event["found"])
