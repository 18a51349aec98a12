"""Tables, pictures and pages: of a photograph, and of a run."""
