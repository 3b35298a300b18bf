"""Model calls: the notation that texts travel in, the client that every chat call goes through, the embedder."""
