"""What a home's heat costs and what control saved: tariffs, day book, baselines. Pure."""
