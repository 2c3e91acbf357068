"""What tests of every kind lean on: a server, faces that can be awaited, seeds."""
