"""The Grafana dashboards, written as code and made into JSON."""
