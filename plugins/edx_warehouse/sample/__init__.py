"""The sample world: a believable HMDC archive of invented learners."""
