"""`python -m bulwark` is `bulwark`."""

from bulwark.cli.main import main

main()
