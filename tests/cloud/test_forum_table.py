"""The table of the forum as it is loaded: what is converted fits its schema."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.tables.catalog import Catalog
from fakes.weekly_delivery import Delivery

pytestmark = pytest.mark.cloud

POST: dict[str, Any] = {
    "_id": {"$oid": "53a1"},
    "_type": "CommentThread",
    "author_id": "12",
    "created_at": {"$date": 1409558400123},
    "endorsement": {"user_id": "5", "time": {"$date": 1409558400000}},
    "votes": {"up": ["5"], "up_count": 1},
    "tags_array": [],
    "pinned": True,
    "depth": 0,
}


def test_a_converted_post_is_a_row(
    tmp_path: Path, bucket: Bucket, warehouse: Warehouse, bigquery_client: bigquery.Client, catalog: Catalog, place: str
) -> None:
    delivery = Delivery(tmp_path / "in")
    delivery.contents["forum"] = json.dumps(POST).encode()
    delivery.convert(tmp_path / "out")
    bucket.put(f"{place}.json.gz", tmp_path / "out/transformed/forum.json.gz")
    table = warehouse.reference(place, "forum")
    warehouse.ensure_dataset(place, "Test.")
    warehouse.load(bucket.uri(f"{place}.json.gz"), catalog["transformed.forum"].fields, table, "forum")
    rows = bigquery_client.query_and_wait(
        f"SELECT mongoid, _type, created_at, endorsement.time AS time, votes.up AS up, pinned, extra FROM `{table}`"
    )
    [row] = [dict(row) for row in rows]
    assert (row["mongoid"], row["_type"], row["up"], row["pinned"]) == ("53a1", "CommentThread", '["5"]', True)
    assert (row["created_at"].isoformat(), row["time"].isoformat()) == (
        "2014-09-01T08:00:00.123000+00:00",
        "2014-09-01T08:00:00+00:00",
    )
    assert json.loads(row["extra"]) == {"depth": 0}
