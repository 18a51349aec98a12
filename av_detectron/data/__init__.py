"""Annotations, crossings, COCO files, mappers and phantoms."""
