"""`python -m ledger` is `mledger`, the command line."""

from ledger.faces.cli.commands import mledger

if __name__ == "__main__":
    mledger(prog_name="mledger")
