"""Speed of the library against its peers. `python -m benchmarks` runs all rows; see `benchmarks.harness`."""
