"""Figures of the product, measured: `make bench`, `make bench ONLY=name`. See bench/harness.py for how to add one."""
