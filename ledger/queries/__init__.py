"""Richer ways to ask, all of them read off states as `model.state` defines them."""
