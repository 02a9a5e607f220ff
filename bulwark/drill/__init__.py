"""Drills (演练): a scenario played through the real services on a virtual clock, and reviewed."""
