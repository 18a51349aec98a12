"""Grade artery-vein nicking on patches; knows nothing of Detectron2."""

__version__ = "0.1.0"
