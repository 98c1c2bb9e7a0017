"""Helpers for node types: retry, circuit breaker, back-off, throttle, rate, device reader."""
