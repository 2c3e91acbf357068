"""How a query is answered: which index, and within which bounds."""
