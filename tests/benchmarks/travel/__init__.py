"""Time travel: the history that `time_travel.py` asks about, the questions, and those who answer them."""
