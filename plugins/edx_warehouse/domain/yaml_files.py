"""Reading YAML that people write, without YAML's surprises.

YAML 1.1 reads ``no`` as false, ``010`` as 8 and ``2013_10`` as 201310, takes the last of two equal keys
without a word and lets 300 bytes of aliases grow without end. A file read here has none of these.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from edx_warehouse.domain.errors import Problem, Terminal

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same loader, in C where the wheel has it
_SIZE_LIMIT = 4 * 1024 * 1024
_CANONICAL = {
    "tag:yaml.org,2002:int": re.compile(r"-?(0|[1-9][0-9]*)"),
    "tag:yaml.org,2002:float": re.compile(r"-?[0-9]+\.[0-9]+"),
    "tag:yaml.org,2002:bool": re.compile(r"true|false"),
    "tag:yaml.org,2002:null": re.compile(r"null|"),
    "tag:yaml.org,2002:timestamp": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}
_STRING = "tag:yaml.org,2002:str"


def refuse(
    path: Path | str, expected: str, found: str, mend: str, *, line: int | None = None, key: str | None = None
) -> Terminal:
    """Return the error for a configuration file that cannot be taken."""
    return Terminal(
        Problem(
            code="E-CFG-101",
            unit="configuration",
            file=str(path),
            line=line,
            field=key,
            expected=expected,
            found=found,
            done="nothing was started",
            next=mend,
        )
    )


def read_yaml(path: Path) -> Any:
    """Read one YAML document of plain values.

    :raises Terminal: ``E-CFG-101`` naming file, line, key and the mend.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise refuse(
            path, "a readable file", error.strerror or "an error", "create the file or correct its path"
        ) from error
    if len(text) > _SIZE_LIMIT:
        raise refuse(path, f"at most {_SIZE_LIMIT} bytes", f"{len(text)} bytes", "split the file")
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise refuse(
                    path,
                    "no anchors or aliases",
                    "one",
                    "write the value out",
                    line=event.start_mark.line + 1 if event.start_mark else None,
                )
        node = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or "bytes that are not UTF-8"
        raise refuse(path, "YAML", found, "correct the syntax", line=mark.line + 1 if mark else None) from error
    return None if node is None else _value(path, node)


def _value(path: Path, node: yaml.Node) -> Any:
    line = node.start_mark.line + 1 if node.start_mark else None
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _value(path, key_node)
            key_line = key_node.start_mark.line + 1 if key_node.start_mark else None
            if not isinstance(key, str):
                raise refuse(path, "a text as key", repr(key), "put the key in quotes", line=key_line)
            if key in result:
                raise refuse(path, "each key once", f"{key} twice", "keep one of them", line=key_line, key=key)
            result[key] = _value(path, value_node)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(path, item) for item in node.value]
    if node.tag == _STRING:
        return node.value
    if not isinstance(node, yaml.ScalarNode):
        raise refuse(path, "keys, lists and values", type(node).__name__, "see docs/registry.md", line=line)
    form = _CANONICAL.get(node.tag)
    if form is None or not form.fullmatch(node.value):
        kind = node.tag.rsplit(":", 1)[-1]
        raise refuse(
            path,
            "an unambiguous value",
            f"{node.value}, which YAML reads as {kind}",
            f'write "{node.value}" if a text is meant',
            line=line,
        )
    match node.tag.rsplit(":", 1)[-1]:
        case "int":
            return int(node.value)
        case "float":
            return float(node.value)
        case "bool":
            return node.value == "true"
        case "null":
            return None
        case _:
            try:
                return date.fromisoformat(node.value)
            except ValueError as error:
                raise refuse(path, "a date YYYY-MM-DD", node.value, "correct the date", line=line) from error
