"""The websocket at /ws/live/: who may listen to what, and getting it to them without loss."""
