"""What is written about a plan, understood; every fault at once."""
