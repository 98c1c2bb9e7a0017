"""Jobs in a database: how they come in, what is known of them, what they are told."""
