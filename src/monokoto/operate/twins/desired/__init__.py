"""Desired state: what may be desired, the rows it is kept in, and how it changes."""
