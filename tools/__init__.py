"""What writes files that are kept in this repository."""
