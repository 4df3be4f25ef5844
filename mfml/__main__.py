"""The command `mfml`."""

from mfml.cli import main

if __name__ == "__main__":
    main()
