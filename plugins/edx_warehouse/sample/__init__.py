"""The sample world: an invented archive, as edX and HMDC would hold it, and the generator behind the benchmarks."""
