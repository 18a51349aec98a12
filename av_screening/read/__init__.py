"""From a path to pixels that can be screened."""
