"""The rule engine: states over columns, fed by the line in the order of the log."""
