"""Policies that were trained somewhere, and run here."""
