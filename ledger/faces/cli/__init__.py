"""The command line, `mledger`: each command calls what the library offers to everybody, and computes nothing itself."""
