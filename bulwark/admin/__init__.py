"""What a person changes in a running or stopped instance: dead letters, refills, webhooks."""
