"""`docker-compose.yaml` and `Dockerfile`, read as their engines read them, for services that run here without one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<word>[^}]*))?\})")
_SETTING = re.compile(r"([A-Z_]+)=(\S+)")


@dataclass(frozen=True)
class Compose:
    """The file's services with all values filled in.

    :param env: what `.env` says.
    :param here: turns addresses and folders of containers into those of this machine.
    """

    env: Mapping[str, str]
    here: Callable[[str], str]
    services: dict[str, dict[str, Any]] = field(
        default_factory=lambda: yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]
    )

    def environment(self, service: str) -> dict[str, str]:
        """Return the variables of a service's container: the image's, then those of `.env`, then the service's own."""
        own = self.services[service].get("environment", {})
        given = dict(self.env) if "env_file" in self.services[service] else {}
        found = image_environment() | given | {name: self._filled(value) for name, value in own.items()}
        return {name: self.here(value) for name, value in found.items()}

    def command(self, service: str) -> tuple[str, ...]:
        """Return the whole command of a service, its entrypoint included."""
        it = self.services[service]
        return tuple(self.here(self._filled(word)) for word in (*it.get("entrypoint", ()), *it["command"]))

    def health_check(self, service: str) -> tuple[str, ...]:
        """Return the command that ends well when a service is."""
        kind, *words = (self.here(self._filled(word)) for word in self.services[service]["healthcheck"]["test"])
        return ("/bin/sh", "-c", *words) if kind == "CMD-SHELL" else tuple(words)

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        value = self.env.get(match["name"], "")
        if not value and match["how"] == ":?":
            raise ValueError(f"{match['name']}: {match['word']}")
        return value or (match["word"] if match["how"] == ":-" else "") or ""


def image_environment() -> dict[str, str]:
    """Return what the last `ENV` of the image `warehouse` sets."""
    *_, last = re.findall(r"^ENV ((?:.*\\\n)*.*)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return {name: value for name, value in _SETTING.findall(last) if "$" not in value}


def env_file(text: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return what a `.env` says that was copied from a text and had these values filled in."""
    lines = (line.partition("=") for line in text.splitlines() if re.match(r"\w+=", line))
    return {name: value for name, _, value in lines} | dict(values)
