"""Which lines were seen: a set of digests at some 20 bytes each instead of Python's 100."""


class SeenLines:
    """A set of 16-byte digests, in buckets by their first two bytes."""

    def __init__(self) -> None:
        self._buckets: dict[bytes, bytearray] = {}

    def __contains__(self, digest: bytes) -> bool:
        bucket = self._buckets.get(digest[:2])
        return bucket is not None and _holds(bucket, digest[2:])

    def add(self, digest: bytes) -> bool:
        """Add a digest; return whether it was new."""
        bucket = self._buckets.get(digest[:2])
        if bucket is None:
            self._buckets[digest[:2]] = bytearray(digest[2:])
        elif _holds(bucket, digest[2:]):
            return False
        else:
            bucket += digest[2:]
        return True


def _holds(bucket: bytearray, rest: bytes) -> bool:
    at = bucket.find(rest)
    while at % len(rest) and at >= 0:  # found across two neighbours
        at = bucket.find(rest, at + 1)
    return at >= 0
