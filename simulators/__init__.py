"""Pumps, houses, buses and platforms that are not there; know drivers and model only."""
