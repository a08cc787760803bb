"""What people are told when a task fails, as their web server and their mail server get it."""

import email
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from edx_warehouse.domain.errors import Held, Problem, Terminal
from edx_warehouse.operators.alerts import AlertNotifier
from fakes.receivers import Mailbox, Webhook, served

PROBLEM = Problem(
    code="E-EXP-101",
    unit="HarvardX/CS50x/2014_T1 week 2014-11-16",
    expected="a column created",
    found="none",
    done="the week is held, what was good before stays served",
    next="ask edX for a corrected export",
)


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with served(Webhook()) as it:
        connection = {"conn_type": "http", "host": it.url, "password": "token of the room"}
        monkeypatch.setenv("AIRFLOW_CONN_EDX_WAREHOUSE_ALERTS_WEBHOOK", json.dumps(connection))
        yield it


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with served(Mailbox()) as it:
        extra = {
            "disable_ssl": True,
            "disable_tls": True,
            "from_email": "warehouse@example.org",
            "to_email": ["on-call@example.org", "data@example.org"],
        }
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": it.server_address[1], "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_EDX_WAREHOUSE_ALERTS_EMAIL", json.dumps(connection))
        yield it


def failed(error: BaseException | None, day: datetime | None = datetime(2014, 11, 16, tzinfo=UTC)) -> Any:
    task = SimpleNamespace(
        dag_id="course_weekly__HarvardX__CS50x__2014_T1", task_id="convert_export", log_url="http://airflow/log"
    )
    return {"ti": task, "dag_run": SimpleNamespace(logical_date=day), "exception": error}


def test_a_webhook_gets_task_day_cause_and_next_step(webhook: Webhook) -> None:
    AlertNotifier().notify(failed(Held(PROBLEM)))
    assert webhook.texts == [
        "course_weekly__HarvardX__CS50x__2014_T1 2014-11-16: convert_export failed\n" + str(PROBLEM) + "\n"
        "Log: http://airflow/log"
    ]
    assert webhook.authorizations == ["Bearer token of the room"]


def test_a_mail_goes_to_all_whom_the_connection_names(mailbox: Mailbox) -> None:
    AlertNotifier().notify(failed(Held(PROBLEM)))
    ((receivers, text),) = mailbox.mails
    assert receivers == ["on-call@example.org", "data@example.org"]
    mail = email.message_from_string(text)
    assert "".join(mail["Subject"].split("\n")) == (
        "course_weekly__HarvardX__CS50x__2014_T1 2014-11-16: convert_export failed"
    )
    (part,) = [it for it in mail.walk() if it.get_content_type() == "text/html"]
    assert str(PROBLEM) in part.get_payload(decode=True).decode()


def test_of_an_unknown_error_its_type_is_told_and_not_its_text(webhook: Webhook) -> None:
    AlertNotifier().notify(failed(ValueError("learner ada@example.org has no grade"), day=None))
    (text,) = webhook.texts
    assert "ada" not in text
    assert "ValueError · next: read the end of the log" in text


def test_a_task_that_was_ended_from_outside_is_told_as_well(webhook: Webhook) -> None:
    AlertNotifier().notify(failed(None))
    assert "ended from outside" in webhook.texts[0]


def test_a_late_delivery_is_left_to_the_look_at_freshness_which_tells_it_once(webhook: Webhook) -> None:
    late = Terminal(Problem(code="E-DLV-101", unit="u", expected="e", found="f", done="d", next="n"))
    AlertNotifier().notify(failed(late))
    assert webhook.texts == []


def test_without_connections_nothing_is_sent_and_nothing_fails() -> None:
    AlertNotifier().notify(failed(Held(PROBLEM)))


def test_a_webhook_that_refuses_does_not_keep_the_mail_from_going(
    webhook: Webhook, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 500
    with caplog.at_level(logging.ERROR):
        AlertNotifier().notify(failed(Held(PROBLEM)))
    assert len(mailbox.mails) == 1
