"""Benchmarks on real servers; ``make bench`` runs them and ``bench/README.md`` keeps the figures."""
