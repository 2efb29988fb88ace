"""One writer for each output: it spells a document and adds nothing to it."""
