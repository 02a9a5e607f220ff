"""Upkeep: backups and their rehearsal, restoring, what is amiss, and what the records say."""
