"""The declared records and cases, one file a group."""
