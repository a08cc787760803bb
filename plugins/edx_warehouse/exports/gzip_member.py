"""One gzip member made of chunks that were compressed each for itself: the same bytes for the same content."""

import struct

from isal import isal_zlib

HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, no system
_END = b"\x03\x00"  # an empty last block
_LEVEL = 2  # the fastest whose bytes repeat


def compressed(data: bytes | bytearray) -> bytes:
    """Return a chunk as it stands in a member; whoever waits for it may do so in another thread."""
    deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
    return bytes(deflate.compress(data) + deflate.flush(isal_zlib.Z_FULL_FLUSH))


def end(crc: int, size: int) -> bytes:
    """Return what follows the chunks.

    :param crc: CRC-32 of the content.
    :param size: bytes of the content.
    """
    return _END + struct.pack("<II", crc, size & 0xFFFFFFFF)
