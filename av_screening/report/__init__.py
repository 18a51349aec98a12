"""Figures and pages of whole cohorts, made from the tables alone."""
