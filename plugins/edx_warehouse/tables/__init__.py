"""Pure table logic: declarations, references, binding, checks and provenance."""
