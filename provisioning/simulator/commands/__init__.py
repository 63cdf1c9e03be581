"""The simulated commands, by area.  Every module here is imported at start and registers its own."""
