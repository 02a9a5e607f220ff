"""`bulwark doctor`: looks at everything an instance stands on, and says what to do."""
