"""The networks: `backbones` names them, `crossing_rcnn` and `vessel_net` are whole models; each is
registered with Detectron2 when its module is imported."""
