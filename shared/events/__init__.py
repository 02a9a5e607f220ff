"""The contract between the services: every event, its envelope, and its words."""
