"""`python -m bulwark` is `bulwark`."""

from bulwark.cli import main

main()
