"""The four services. They share nothing but events: none imports another."""
