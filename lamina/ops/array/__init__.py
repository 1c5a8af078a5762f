"""Making, reshaping, indexing, joining and ordering tensors."""
