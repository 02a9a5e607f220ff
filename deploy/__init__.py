"""The deployment: the image, compose files, and what their containers are told."""
