"""What the products do now."""
