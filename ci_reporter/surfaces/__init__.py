"""What a person sees: the terminal and what CI systems make of special lines."""
