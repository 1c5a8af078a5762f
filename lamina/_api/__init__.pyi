"""The namespaces that have no file of their own."""
