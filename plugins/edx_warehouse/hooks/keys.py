"""Keys of research projects, from Airflow's connections and so from its secrets backend."""

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from edx_warehouse.domain.errors import Problem, Terminal

_SHORTEST = 32  # characters: who has a table of user ids must not find a key by trying


def research_key(connection: str, unit: str) -> bytes:
    """Return the password of a connection; Airflow hides it in logs.

    :raises Terminal: ``E-RES-101`` when there is no such connection, or its password is too short.
    """
    try:
        password = BaseHook.get_connection(connection).password or ""
    except AirflowNotFoundException:
        raise _refuse(connection, unit, "no such connection") from None
    if len(password) < _SHORTEST:
        raise _refuse(connection, unit, f"a password of {len(password)} characters")
    return password.encode()


def _refuse(connection: str, unit: str, found: str) -> Terminal:
    return Terminal(
        Problem(
            code="E-RES-101",
            unit=unit,
            field=connection,
            expected=f"an Airflow connection whose password is the project's key, {_SHORTEST} characters or more",
            found=found,
            done="the project's tables are as they were",
            next="put the key into Airflow's secrets backend, then clear this task",
        )
    )
