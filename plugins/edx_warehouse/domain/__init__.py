"""Pure facts of the field: course keys, the registry, places and errors."""
