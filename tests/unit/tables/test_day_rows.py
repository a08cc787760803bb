from datetime import date

import sqlglot

from edx_warehouse.tables.day_rows import columns_digest, rows_as_declared, rows_of_days, rows_of_partitions
from edx_warehouse.tables.declarations import Field

TIME = Field("time", "TIMESTAMP", "REQUIRED", "When.")
GET = Field("GET", "STRING", "NULLABLE", "A word of SQL.")
SPEED = Field("speed", "FLOAT", "NULLABLE", "How fast.")
STRUCT = Field("event", "RECORD", "NULLABLE", "Payload.", (GET, SPEED))
FIELDS = (TIME, STRUCT)


def columns(*there: Field) -> str:
    sql = rows_as_declared(FIELDS, there, "`p.d.t`")
    sqlglot.parse_one(sql, read="bigquery")
    return sql.removeprefix("SELECT ").removesuffix(" FROM `p.d.t`")


def test_tables_with_the_declared_columns_are_read_whole() -> None:
    assert columns(*FIELDS) == "*"


def test_a_column_that_is_lacking_is_null() -> None:
    assert columns(TIME) == "`time` AS `time`, CAST(NULL AS STRUCT<`GET` STRING, `speed` FLOAT64>) AS `event`"


def test_a_field_that_is_lacking_is_null_where_there_is_a_record() -> None:
    there = Field("event", "RECORD", "NULLABLE", "", (SPEED,))
    expected = "IF(`event` IS NULL, NULL, STRUCT(CAST(NULL AS STRING) AS `GET`, `event`.`speed` AS `speed`)) AS `event`"
    assert columns(TIME, there).endswith(expected)


def test_columns_that_are_declared_no_more_or_stand_elsewhere_are_read_by_name() -> None:
    assert columns(Field("old", "STRING"), STRUCT, TIME) == "`time` AS `time`, `event` AS `event`"


def test_a_column_of_another_type_is_converted_or_null() -> None:
    assert columns(Field("time", "STRING"), STRUCT).startswith("SAFE_CAST(`time` AS TIMESTAMP) AS `time`")
    assert columns(TIME, Field("event", "STRING")).endswith(
        "CAST(NULL AS STRUCT<`GET` STRING, `speed` FLOAT64>) AS `event`"
    )


def test_days_with_the_same_columns_are_named_together() -> None:
    sql = rows_of_days(FIELDS, [(FIELDS, ["p.d.t1", "p.d.t2"]), ((STRUCT, TIME), ["p.d.t3"])])
    assert sql == (
        "SELECT * FROM (SELECT * FROM `p.d.t1` UNION ALL SELECT * FROM `p.d.t2`)"
        " UNION ALL SELECT `time` AS `time`, `event` AS `event` FROM (SELECT * FROM `p.d.t3`)"
    )


def test_partitions_are_named_by_constant_dates() -> None:
    sql = rows_of_partitions(FIELDS, FIELDS, "p.d.t", [date(2014, 11, 15), date(2014, 11, 16)])
    assert sql == "SELECT * FROM `p.d.t` WHERE log_date IN (DATE '2014-11-15', DATE '2014-11-16')"


def test_descriptions_do_not_make_other_columns() -> None:
    assert columns_digest([TIME]) == columns_digest([Field("time", "TIMESTAMP", "REQUIRED", "Another text.")])
    assert len({columns_digest(it) for it in ([TIME, GET], [GET, TIME], [TIME], [TIME, STRUCT])}) == 4
