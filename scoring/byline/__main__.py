"""`python -m byline`: the command, where its script is not on the PATH."""

from importlib.metadata import entry_points

if __name__ == "__main__":
    # By its name: the library imports nothing of the command line.
    entry_points(group="console_scripts", name="byline")["byline"].load()()
