"""How items join and part."""
