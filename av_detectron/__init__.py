"""Detect artery-vein crossings in fundus photographs with Detectron2.

Importing this package registers its models and the CrossPos datasets with Detectron2, and
nothing else happens.
"""

import warnings
from importlib.metadata import PackageNotFoundError, version

from av_detectron.lean_imports import import_operators

import_operators()  # before Detectron2 does
with warnings.catch_warnings():
    # Detectron2 and fvcore compile two functions as they are imported, as torch no longer likes it.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
    from av_detectron.config import add_av_config, get_av_config
    from av_detectron.data.crosspos import dataset_root, register_all
    from av_detectron.modeling import backbones as _backbones  # only registration
    from av_detectron.modeling import crossing_rcnn as _crossing_rcnn  # only registration
    from av_detectron.modeling import se_resnet as _se_resnet  # only registration
    from av_detectron.modeling import vessel_net as _vessel_net  # only registration
    from av_detectron.predictor import Prediction, Predictor

try:
    __version__ = version("av-nicking")  # setup.py's, the one place where it stands
except PackageNotFoundError:  # run from its sources
    __version__ = "unknown"
__all__ = ["Prediction", "Predictor", "add_av_config", "get_av_config"]
del import_operators, _backbones, _crossing_rcnn, _se_resnet, _vessel_net

register_all(dataset_root())
