"""Small tables written as JSON lines in one go."""

from collections.abc import Iterable
from pathlib import Path

from edx_warehouse.exports.output_files import Output, OutputFile


def write_lines(path: Path, lines: Iterable[bytes]) -> Output:
    """Write lines, each with its line end, as gzip whose bytes depend on the content alone; return what was written."""
    rows = 0
    with OutputFile(path) as output:
        for line in lines:
            output.write(line)
            rows += 1
    return output.output(rows)
