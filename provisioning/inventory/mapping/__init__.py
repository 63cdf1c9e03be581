"""Pure functions from CloudStack's answers to rows of the mirror, one per kind."""
