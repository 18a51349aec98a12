"""Speed and memory of screening; `python -m benchmarks`."""
