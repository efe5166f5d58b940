"""What Java reads: properties and a JAR's manifest."""
