"""The commands of the command line, a module each; `galaxy_explorer.cli` has their options."""
