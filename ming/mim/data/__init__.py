"""What every part of the engine shares: BSON values and their order, paths, numbers, collations, errors."""
