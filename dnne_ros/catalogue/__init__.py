"""Which node types there are: those of the package, of installed packages and of single files."""
