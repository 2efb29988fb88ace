"""An independent verifier: both sides of an equation evaluated by definition, and compared."""
