"""Which products exist and how they reach us."""
