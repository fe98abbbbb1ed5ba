"""What the products are worth."""
