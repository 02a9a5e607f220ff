"""The processes of an instance: services behind one port, on one machine or many."""
