"""Matrix recognition: from index forms to expressions in whole arrays."""
