"""What is decided: the events of alerts (预警与响应), and what a response does (防控措施)."""
