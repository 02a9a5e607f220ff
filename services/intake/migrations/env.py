"""Alembic's entry: the connection comes from `shared.migration`."""

from services.intake.main import SERVICE
from shared.migration import run_environment

run_environment(SERVICE.metadata)
