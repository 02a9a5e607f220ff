"""Alerts (预警与响应): decides what is found, which level is in force, what follows."""
