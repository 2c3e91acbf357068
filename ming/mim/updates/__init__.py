"""Updates: modifiers compiled to changes of a document."""
