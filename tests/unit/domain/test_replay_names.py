import hashlib
from datetime import date

from edx_warehouse.domain import places

DAY = date(2014, 11, 15)
PROD = "harvardx-prod-events-2014-11-15.log.gz"
REPLAY = places.replay_file(PROD, hashlib.sha256(b"lines").hexdigest())


def test_a_replay_is_a_log_file_of_the_same_day_and_prefix() -> None:
    assert places.log_file_day(REPLAY) == DAY
    assert places.log_file_prefix(REPLAY) == "harvardx"


def test_a_replay_sorts_right_behind_its_file() -> None:
    names = [PROD, REPLAY, "harvardx-edge-events-2014-11-15.log.gz", "harvardx-stage-events-2014-11-15.log.gz"]
    assert sorted(names)[1:3] == [PROD, REPLAY]


def test_a_replay_and_a_delivered_file_are_told_apart() -> None:
    assert places.is_replay(REPLAY)
    assert not places.is_replay(PROD)
    assert not places.is_replay(PROD.replace(".log.gz", ".replay-1.log.gz"))
