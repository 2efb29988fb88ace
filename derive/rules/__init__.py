"""The laws: each rule rewrites one node into an equal formula, or does not apply."""
