"""Grade artery-vein nicking on patches; knows nothing of Detectron2."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("av-nicking")  # setup.py's, the one place where it stands
except PackageNotFoundError:  # run from its sources
    __version__ = "unknown"
