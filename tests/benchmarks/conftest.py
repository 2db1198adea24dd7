"""Keep pytest out of this folder: what is here is run by hand, and needs a package that the tests do not."""

collect_ignore_glob = ["*.py"]
