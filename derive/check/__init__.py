"""Reading somebody's equations and saying which of them hold."""
