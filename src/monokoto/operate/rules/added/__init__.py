"""Rules an organisation adds for its units, kept with all their versions."""
