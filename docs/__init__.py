"""The documents, and the examples that other programs copy."""
