"""Ids of content blocks, in one form: ``Org/Course/category/name``."""

import re
from functools import lru_cache

_OLD = re.compile(r"i4x://([^/@\s]+)/([^/@\s]+)/([^/@\s]+)/([^/@\s]+)(?:@[^/\s]*)?")
_NEW = re.compile(r"block-v1:([^+\s]+)\+([^+\s]+)\+[^+\s]+\+type@([^+\s]+)\+block@(\S+)")


@lru_cache(maxsize=65536)
def block_id(text: str) -> str | None:
    """Read ``i4x://…``, its form with ``;_`` for slashes, or ``block-v1:…``; None when the text is neither.

    The run of the newer form is dropped: ids are unique inside a course only.
    """
    text = text.strip()
    match = _OLD.fullmatch(text.replace(";_", "/") if text.startswith("i4x:;_") else text) or _NEW.fullmatch(text)
    return "/".join(match.groups()) if match else None
