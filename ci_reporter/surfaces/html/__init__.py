"""A run as one HTML file: nothing is loaded and nothing runs; it reads in the dark, on paper and by keyboard."""
