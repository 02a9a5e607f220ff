"""The command line: a module for each group of commands, which import what they do when asked."""
