"""Administration of an instance, running or not: dead letters, refills, webhooks, audit."""
