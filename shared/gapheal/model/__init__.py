"""Plain values that every other module speaks in."""
