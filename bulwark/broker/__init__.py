"""The broker of one machine: nats-server, its accounts, subscribers, and reading its streams."""
