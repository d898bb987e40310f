"""Benchmarks: paired timings in one run, a table for people and a line of JSON for machines."""
