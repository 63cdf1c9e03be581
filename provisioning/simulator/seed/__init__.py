"""Clouds that are generated: the small demonstration cloud and big ones of any size, the same for the same seed."""
