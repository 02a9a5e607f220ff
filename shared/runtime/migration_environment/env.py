"""Alembic's entry, for every chain: what it works on comes from `shared.runtime.migrations`."""

from shared.runtime.migrations import run_environment

run_environment()
