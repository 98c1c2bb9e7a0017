"""What stands between a request and a handler, one idea a file."""
