"""From what commands print to facts: strictly, and without asking anybody."""
