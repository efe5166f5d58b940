"""Charts as SVG from the server: nothing has to run to see them, and each says in words what it shows."""
