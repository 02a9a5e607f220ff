"""Alembic's entry: the connection comes from `shared.runtime.migrations`."""

from services.volunteers.main import SERVICE
from shared.runtime.migrations import run_environment

run_environment(SERVICE.metadata)
