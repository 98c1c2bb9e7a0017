"""The dashboard: what its page is made of, and what it asks the server for."""
