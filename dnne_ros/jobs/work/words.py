"""What a pool tells its workers, a byte each."""

FINISH, LEAVE = b"f", b"l"
