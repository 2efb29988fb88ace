"""Networks as lists of definitions: the schema of a Given, the layers, and how they are joined."""
