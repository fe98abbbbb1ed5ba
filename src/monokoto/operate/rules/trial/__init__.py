"""Trying rules on what was measured before: the same engine, another clock, nothing of it seen outside."""
