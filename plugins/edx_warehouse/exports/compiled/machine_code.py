"""How functions become machine code: the decorators, and the folder where it is kept."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba
import numpy as np
from llvmlite import binding

HAS_AVX = bool(binding.get_host_cpu_features().get("avx"))
"""Whether vector registers have upper halves, see ``clean_registers``; the one thing that depends on the processor."""

START = np.int64(0)
"""Zero as an argument: of a number written down Numba makes a function of its own."""


def _machine_code() -> Path:
    """Return the folder for machine code made of these very sources: Numba itself looks at one file of them only."""
    sources = Path(__file__).parent
    digest = hashlib.sha256(b"".join(it.read_bytes() for it in sorted(sources.glob("*.py")))).hexdigest()[:12]
    digest += "" if HAS_AVX else "-no-avx"
    given = numba.config.CACHE_DIR  # NUMBA_CACHE_DIR of the environment
    for folder in (Path(given) if given else sources / "__pycache__", Path.home() / ".cache" / "edx-warehouse"):
        try:
            (folder / digest).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder / digest, os.W_OK):
            return folder / digest
    return Path()  # Numba's own choice


binding.initialize_native_asmparser()
numba.config.CACHE_DIR = str(_machine_code()).removeprefix(".")
# Without _nrt: arrays are the caller's, and counting references to them took most of the time.
_OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": False, "_nrt": False}
compiled = cast("Callable[[Any], Any]", numba.njit(**_OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True))
"""Decorator: compiled into what calls it, which is compiled too."""
within = cast(
    "Callable[[Any], Any]", numba.njit(**_OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)
)
"""Decorator: compiled into the very place of each call, which spares its results a way through memory."""
entry = cast("Callable[[Any], Any]", numba.njit(**_OPTIONS, cache=True, no_cfunc_wrapper=True))
"""Decorator: to be called from Python without the interpreter's lock; compiled at first use and kept on disk."""
