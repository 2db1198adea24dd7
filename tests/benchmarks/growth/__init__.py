"""Many initiatives in one lake: what happens in each, the lake made straight as files, and whoever asks it."""
