"""`bulwark doctor`: checks everything an instance depends on, and says what to do."""
