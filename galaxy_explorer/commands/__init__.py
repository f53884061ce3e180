"""What the command line does, a module per command; `galaxy_explorer.__main__` describes the options."""
