"""Where a local stack lives: its folder, its ports, and the checkout it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edx_warehouse.domain.errors import Problem, Terminal

CHECKOUT = Path(__file__).resolve().parents[3]


def refuse(code: str, expected: str, found: str, mend: str, *, file: Path | None = None) -> Terminal:
    """Return the error for a local stack that cannot do what was asked."""
    return Terminal(
        Problem(
            code=code,
            unit="local stack",
            file=str(file) if file else None,
            expected=expected,
            found=found,
            done="nothing of its data was touched",
            next=mend,
        )
    )


@dataclass(frozen=True)
class Ports:
    """The ports of a local stack, all on 127.0.0.1."""

    storage: int = 9023
    bigquery: int = 9050
    bigquery_grpc: int = 9060
    airflow: int = 8080

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the ports, or take the usual ones.

        :raises Terminal: ``E-LOC-105`` when one is no port, or two are one.
        """
        ports = {}
        for name in cls.__dataclass_fields__:
            text = environ.get(variable(name), "")
            if not text:
                continue
            if not text.isdecimal() or not 0 < int(text) < 65536:
                raise refuse("E-LOC-105", f"a port in {variable(name)}", text, "set a number from 1 to 65535")
            ports[name] = int(text)
        result = cls(**ports)
        values = [result.storage, result.bigquery, result.bigquery_grpc, result.airflow]
        if len(set(values)) < len(values):
            names = ", ".join(variable(name) for name in cls.__dataclass_fields__)
            raise refuse("E-LOC-105", f"four different ports in {names}", str(values), "change one of them")
        return result


def variable(port: str) -> str:
    """Return the environment variable that sets a port."""
    return f"EDX_WAREHOUSE_{port.upper()}_PORT"


@dataclass(frozen=True)
class Home:
    """The folder of a local stack; everything the stack writes is in ``stack/`` below it."""

    root: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Return the folder named by ``EDX_WAREHOUSE_HOME``, or ``.local/`` in the checkout."""
        return cls(Path(environ.get("EDX_WAREHOUSE_HOME") or CHECKOUT / ".local").expanduser().absolute())

    @property
    def stack(self) -> Path:
        """All state: a reset removes this folder and nothing else."""
        return self.root / "stack"

    @property
    def storage(self) -> Path:
        """The emulated buckets."""
        return self.stack / "data" / "storage"

    @property
    def bigquery(self) -> Path:
        """The emulated tables."""
        return self.stack / "data" / "bigquery"

    @property
    def airflow(self) -> Path:
        """Airflow's own home."""
        return self.stack / "airflow"

    @property
    def logs(self) -> Path:
        """One log file a service, and the tasks' logs."""
        return self.stack / "logs"

    @property
    def run(self) -> Path:
        """Pid files, and what the running stack was started with."""
        return self.stack / "run"
