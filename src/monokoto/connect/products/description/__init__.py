"""From the text of a folder to a checked product: YAML with its lines, the vocabulary, every fault at once."""
