"""The only modules that import clients of the outside world."""
