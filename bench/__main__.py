"""`python -m bench [--only NAME] [--list]`."""

from __future__ import annotations

import argparse
import sys

from bench import harness


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the product's figures.")
    parser.add_argument("--only", help="measure one figure")
    parser.add_argument("--list", action="store_true", help="name the figures and their goals")
    options = parser.parse_args()
    if options.list:
        harness.discover()
        for figure in sorted(harness.FIGURES.values(), key=lambda each: each.name):
            print(f"{figure.name}: goal {figure.goal}")
        return 0
    return harness.main(options.only)


if __name__ == "__main__":
    sys.exit(main())
