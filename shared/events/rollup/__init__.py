"""What is reported: the events of rollup (报告)."""
