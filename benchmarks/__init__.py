"""Benchmarks: each row measured beside its peers in the same run (`make bench`)."""
