"""The tests a verdict rests on. Pure: recordings and rules in, findings out."""
