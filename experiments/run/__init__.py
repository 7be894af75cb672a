"""What every run has: start, loop, record, members, hosts."""
