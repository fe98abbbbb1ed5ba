"""Writes the generated part of `monokoto.client` from the document the application gives of its API: `uv run poe client`."""
