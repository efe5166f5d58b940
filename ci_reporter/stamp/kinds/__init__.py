"""One file a kind of artifact: whether it is of that kind, how it is stamped, how the stamp is read."""
