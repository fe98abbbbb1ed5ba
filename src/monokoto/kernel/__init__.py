"""The values everybody shares: ids, instants, errors, limits, facts. Standard library only, no I/O."""
