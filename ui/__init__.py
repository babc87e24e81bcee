"""The ways in: command line, chat page and server; settings and wiring."""
