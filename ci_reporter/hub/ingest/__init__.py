"""`POST /ci-report`: length → signature over the raw bytes → JSON → schema → queue. Nothing is parsed unverified."""
