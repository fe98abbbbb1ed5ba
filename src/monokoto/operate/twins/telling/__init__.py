"""What units are told: what is desired of them, and answers to what they ask."""
