"""How well the whole pipeline does on photographs whose truth is known."""
