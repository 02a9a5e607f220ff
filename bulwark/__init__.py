"""The product as programs: the command line, the one-machine server, drills, upkeep.

It is the only code that knows all four services. Its packages form layers, from top to bottom
(`.importlinter`): cli, drill, server, doctor and replay, backup, admin, broker and development, and
below them the data folder, the console, the registry of services and the settings.
"""
