"""What is compiled to machine code by Numba because it is done for each byte: see docs/decisions/compiled-splitter.md.

Arrays of bytes are ``uint8`` and end in ``PAD`` bytes more than are used: words of eight bytes are read and written
beyond an end.
"""
