"""Volunteers (志愿服务): who needs help and who gives it."""
