"""Sending a text to people: by a webhook, by e-mail, as connections say."""

import html
import logging
from typing import Any

import httpx
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

WEBHOOK = "edx_warehouse_alerts_webhook"
EMAIL = "edx_warehouse_alerts_email"
_SECONDS = 20

log = logging.getLogger(__name__)


def send(text: str) -> None:
    """Send a text wherever a connection says whom to tell; what keeps it from being sent is logged."""
    for channel, deliver in ((WEBHOOK, post), (EMAIL, mail)):
        try:
            connection = BaseHook.get_connection(channel)
        except AirflowNotFoundException:
            continue
        try:
            deliver(connection, text)
        except Exception as failure:  # whatever the channel's library raises
            log.error("No alert by %s: %s", channel, type(failure).__name__)
        else:
            log.info("Alert sent by %s", channel)


def post(connection: Any, text: str) -> None:
    """Send a text to a webhook that takes ``{"text": …}``, as Slack's, Mattermost's and others do.

    :param connection: of the type http: host with scheme and path, port; the password, when there is one, is a bearer token.
    :raises httpx.HTTPError: when it was not taken.
    """
    host = connection.host or ""
    url = httpx.URL(host if "://" in host else f"{connection.schema or 'https'}://{host}")
    if connection.port:
        url = url.copy_with(port=connection.port)
    headers = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
    httpx.post(url, json={"text": text}, headers=headers, timeout=_SECONDS).raise_for_status()


def mail(connection: Any, text: str) -> None:
    """Send a text by e-mail, its first line as subject.

    :param connection: of the type smtp, as Airflow's provider reads it; ``to_email`` in its extra names who gets it.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook  # a matter of failures: not of each Dag's parsing

    receivers = connection.extra_dejson["to_email"]
    with SmtpHook(smtp_conn_id=connection.conn_id) as hook:
        subject = text.splitlines()[0]
        hook.send_email_smtp(to=receivers, subject=subject, html_content=f"<pre>{html.escape(text)}</pre>")
