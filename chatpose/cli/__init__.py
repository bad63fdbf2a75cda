"""The command line; its calls and outputs are a contract (docs/architecture.md)."""
