"""COCO's boxes and masks with the whole table that is reported: AP at IoU thresholds and AR."""

from typing import Any

from detectron2.evaluation import COCOEvaluator

RECALLS = {"AR1": 6, "AR10": 7, "AR100": 8}
"""Where average recall at 1, 10 and 100 detections stands in pycocotools' list of statistics."""


class CrossPosCOCOEvaluator(COCOEvaluator):
    """Detectron2's COCO evaluator, with AR1, AR10 and AR100 beside AP (all in per cent)."""

    def __init__(self, dataset_name: str, output_dir: str | None, masks: bool) -> None:
        tasks = ("bbox", "segm") if masks else ("bbox",)
        # The fast implementation needs Detectron2's compiled extension.
        super().__init__(dataset_name, tasks, False, output_dir, use_fast_impl=False)

    def _derive_coco_results(
        self, coco_eval: Any, iou_type: str, class_names: list[str] | None = None
    ) -> dict[str, float]:
        results = super()._derive_coco_results(coco_eval, iou_type, class_names)
        for name, index in RECALLS.items():
            results[name] = float("nan") if coco_eval is None else 100 * coco_eval.stats[index]
        return {k: results[k] for k in ("AP", "AP50", "AP75", *RECALLS)}
