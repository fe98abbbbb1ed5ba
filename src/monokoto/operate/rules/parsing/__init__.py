"""From what is written of a rule, in YAML or JSON, to the rule; every fault at once, each with its place."""
