"""Which cloud a command is to look at: the local stack when it runs, else the one that the environment names."""

import os
from dataclasses import replace

from edx_warehouse.domain.registry import Registry
from edx_warehouse.local.stack import Stack


def enter() -> Registry:
    """Return the registry in force, and point Google's clients at its cloud; nothing is started.

    Airflow reads its settings when it is imported: call this before importing what imports it.
    """
    stack = Stack.from_environment()
    running = stack.registry_of_running()
    if running:
        stack = replace(stack, registry=running)
        os.environ.update(stack.environment())
    return Registry.read(stack.registry)
