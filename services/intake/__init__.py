"""Intake (登记): records what is seen."""
