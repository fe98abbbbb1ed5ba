"""`koto`: everything a person does with Monokoto from a shell."""

from monokoto.cli.app import main

__all__ = ["main"]
