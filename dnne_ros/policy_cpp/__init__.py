"""Policies as C++ that needs nothing but the standard library."""
