"""Who asks, and what they may: API tokens, users with sessions, JSON Web Tokens; and the guard before every route."""
