"""Benchmarks, and the pictures of the README: what they measure and how is in `RESULTS.md`."""
