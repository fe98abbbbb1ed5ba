"""What differs between two versions of a product, and how far the version must move for it."""
