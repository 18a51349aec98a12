"""Backbones, each registered with Detectron2 when its module is imported."""
