"""The review pages' languages: a file each, `CODE.json`. To add one, copy `de.json` and translate.

English stands in the code and in the templates, and is the key of every message, as in gettext;
`en.json` has only what English says otherwise of one than of several.
"""
