"""The days that a run is bounded to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self


@dataclass(frozen=True)
class Span:
    """Days from ``first`` to ``last``, both inclusive."""

    first: date = date.min
    last: date = date.max

    @classmethod
    def of(cls, conf: Mapping[str, Any]) -> Self:
        """Read ``from`` and ``to`` of a run's parameters or configuration; what is not given is open."""
        first, last = (str(conf.get(key) or "") for key in ("from", "to"))
        return cls(
            date.fromisoformat(first) if first else date.min,
            date.fromisoformat(last) if last else date.max,
        )

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last
