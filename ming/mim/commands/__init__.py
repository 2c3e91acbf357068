"""The engine itself: commands and the cursors, sessions and change streams they work with."""
