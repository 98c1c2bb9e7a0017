"""The node types that come with the package, by family."""
