"""Detectron2 evaluators for crossings."""
