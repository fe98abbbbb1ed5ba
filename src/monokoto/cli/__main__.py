"""`python -m monokoto.cli`."""

from monokoto.cli.app import main

main()
