"""Which topics a text is about, by the words in it."""
