"""`python -m glassgrad`: the same as the command `glassgrad`."""

from glassgrad.cli.entry import run

if __name__ == "__main__":
    run()
