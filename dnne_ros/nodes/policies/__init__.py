"""Policies that run without what they were trained with."""
