"""Stores: databases, collections, indexes and views in memory, transactions, and the file behind them."""
