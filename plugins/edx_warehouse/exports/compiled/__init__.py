"""What is compiled to machine code by Numba because it is done for each byte: see docs/decisions/compiled-splitter.md.

``log_rows`` goes from lines to rows; ``line_members`` reads a line, the other ``line_…`` write each a part of its row.
Below them ``json_…`` reads JSON, and ``words`` takes bytes many at a time.

Arrays of bytes are ``uint8`` and end in ``PAD`` bytes more than are used: words of eight bytes and of sixteen are read
and written beyond an end.
"""

import os

# Before Numba is imported anywhere: compiled once, say in an image, for whatever machine runs it.
os.environ.setdefault("NUMBA_CPU_NAME", "generic")
