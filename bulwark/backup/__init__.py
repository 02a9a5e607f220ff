"""Backups of a whole site: making, rehearsing and restoring them, and copying to PostgreSQL."""
