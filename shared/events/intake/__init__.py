"""What is seen: the events of intake (登记). No field holds a resident's data, only a random id."""
