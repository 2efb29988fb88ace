"""What is printed: the closed types of documents and of their mathematics, and how to tell it."""
