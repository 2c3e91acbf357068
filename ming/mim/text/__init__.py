"""Text as text search sees it: terms, stems, and what an index counts."""
