"""One module a system: its checks, its stages in order, its page."""
