"""The command line: a module for each group of commands; each imports what it needs when called."""
