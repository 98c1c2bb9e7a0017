"""Node types: their ports, widgets and behaviour, one family a file, and the catalogue of them."""
