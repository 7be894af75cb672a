"""Kinds of work that go on in steps."""
