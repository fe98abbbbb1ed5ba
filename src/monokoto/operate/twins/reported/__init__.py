"""Reported state: values in columns, which of them hold, snapshots of them, and how they are computed anew."""
