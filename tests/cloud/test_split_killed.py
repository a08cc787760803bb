"""A split that is killed between any two of its writes to the bucket, and what comes next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from fakes.institution import CS50, DAY, PH525, DeliveredTo, event, log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

# Of both deliveries: rows of two courses as many as each other, of other content, and lines for the quarantine.
ONE = log([event(1), event(2), event(3, PH525), b"junk"])
OTHER = log([event(1), event(4), event(5, PH525), b"other junk"])

type Make = Callable[[], DeliveredTo]


@pytest.fixture
def make(
    tmp_path: Path, storage_proxy: StrictProxy, storage_client: storage.Client, warehouse: Warehouse, place: str
) -> Make:
    """Return a maker of institutions, each with nothing in its bucket yet."""
    numbers = count()

    def new() -> DeliveredTo:
        number = next(numbers)
        made = DeliveredTo(tmp_path / str(number), storage_client, warehouse, f"{place}_{number}")
        made.courses = [CS50, PH525]
        return made

    return new


@contextmanager
def killed_after(bucket: Bucket, writes: int) -> Iterator[None]:
    """Let the process die right after so many writes to the bucket; fail when there were not as many."""
    done = 0

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **kwargs: Any) -> Any:
            nonlocal done
            if done == writes:
                raise KeyboardInterrupt
            result = method(*args, **kwargs)
            done += 1
            return result

        return write

    for name in ("put", "label"):
        setattr(bucket, name, counted(getattr(bucket, name)))
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        for name in ("put", "label"):
            delattr(bucket, name)


def bring(there: DeliveredTo, content: bytes) -> None:
    there.deliver(content)
    there.mirror()


def whole(there: DeliveredTo) -> dict[str, tuple[bytes | None, dict[str, str]]]:
    """Return each object of the split: its bytes, and what is said of it."""
    return {
        it.name: (there.bucket.read(it.name), {**it.metadata, "sha256": it.sha256})
        for it in there.bucket.objects("")
        if not it.name.startswith(places.LOGS)
    }


def clean(make: Make, *deliveries: bytes) -> dict[str, tuple[bytes | None, dict[str, str]]]:
    there = make()
    for content in deliveries:
        bring(there, content)
        there.split()
    return whole(there)


def writes_of_a_split(there: DeliveredTo) -> int:
    """Split, and return how many writes it took."""
    for writes in count():
        try:
            with killed_after(there.bucket, writes):
                there.split()
        except pytest.fail.Exception:
            return writes
    raise AssertionError


def test_a_first_split_that_is_killed_after_any_write_and_run_again_leaves_the_same_objects(make: Make) -> None:
    expected = clean(make, ONE)
    assert len(expected) == 6
    for writes in range(6):
        there = make()
        bring(there, ONE)
        with killed_after(there.bucket, writes):
            there.split()
        assert there.due() == [DAY]
        assert there.split()["made"] is True
        assert whole(there) == expected, f"killed after {writes} writes"
        assert [row["lines"] for row in there.history()] == [4]


@pytest.mark.parametrize("then", [OTHER, ONE], ids=["again", "the_old_delivery_comes_back"])
def test_a_replacement_that_is_killed_after_any_write_leaves_no_blend(make: Make, then: bytes) -> None:
    expected = clean(make, then)
    for writes in range(1, 7):  # the old manifest is unsaid first
        there = make()
        bring(there, ONE)
        there.split()
        bring(there, OTHER)
        with killed_after(there.bucket, writes):
            there.split()
        bring(there, then)
        assert there.due() == [DAY]
        assert there.split()["made"] is True
        assert whole(there) == expected, f"killed after {writes} writes"
        assert there.due() == []
        assert there.split()["made"] is False


def test_a_replacement_that_is_killed_before_its_first_write_leaves_the_old_day_good(make: Make) -> None:
    expected = clean(make, ONE)
    there = make()
    bring(there, ONE)
    there.split()
    bring(there, OTHER)
    with killed_after(there.bucket, 0):
        there.split()
    assert whole(there) == expected
    bring(there, ONE)
    assert there.due() == []


def test_each_replacement_is_recorded_once_though_one_was_killed_at_its_last_write(make: Make) -> None:
    there = make()
    bring(there, ONE)
    there.split()
    for content in (log([event(1)]), ONE, log([event(1)])):
        bring(there, content)
        with killed_after(there.bucket, 5 if content == ONE else 4):
            there.split()
        there.split()
    assert [row["lines"] for row in there.history()] == [4, 1, 4, 1]
