"""BuildInfo → artifact and back; one file a kind of artifact."""
