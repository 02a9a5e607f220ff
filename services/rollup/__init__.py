"""Rollup (汇总上报): reports what all services hold, counted from events."""
