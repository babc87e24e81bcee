"""The HTTP API, and the only package that knows FastAPI."""
