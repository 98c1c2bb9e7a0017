"""A node that several of its type work for: each takes the items that come while it is free."""
