"""The tables of docs/RESULTS.md, each from the content of one results file."""

from collections.abc import Callable

from tables.by_set import by_set_table
from tables.detector import (
    ablation_cameras_table,
    ablation_levels_table,
    ablation_table,
    av_table,
    detector_table,
    pass_table,
)
from tables.grader import attribution_table, caliber_table, grader_table
from tables.in_use import in_use_table, natural_table
from tables.parts import Results
from tables.readings import eyes_table, groups_table, readings_table
from tables.signs import signs_table
from tables.speed import (
    benchmark_table,
    earlier_version_table,
    engines_table,
    pass_over_before_table,
    precision_table,
    resume_table,
    scaling_table,
    sign_time_table,
)

TABLES: dict[str, Callable[[Results], str]] = {
    "readings_fundus_avseg": readings_table,
    "readings_clinic": readings_table,
    "eyes_clinic": eyes_table,
    "signs_clinic": groups_table,
    "signs": signs_table,
    "in_use_fundus_avseg": in_use_table,
    "natural_fundus_avseg": natural_table,
    "in_use_fundus_avseg_now": in_use_table,
    "natural_fundus_avseg_now": natural_table,
    "detector_drive": detector_table,
    "detector_fundus_avseg": detector_table,
    "av_drive": av_table,
    "av_fundus_avseg": av_table,
    "detector_by_set": by_set_table,
    "one_pass": pass_table,
    "pass_over_before": pass_over_before_table,
    "ablation": ablation_table,
    "ablation_cameras": ablation_cameras_table,
    "ablation_levels": ablation_levels_table,
    "grader_in_use": grader_table,
    "grader_simulated": grader_table,
    "grader_pooling": grader_table,
    "grader_90": grader_table,
    "grader_ablation": grader_table,
    "caliber": caliber_table,
    "attribution": attribution_table,
    "attribution_in_use": attribution_table,
    "attribution_readings": attribution_table,
    "earlier_version": earlier_version_table,
    "earlier_version_float32": earlier_version_table,
    "sign_time": sign_time_table,
    "resume": resume_table,
    "engines": engines_table,
    "scaling": scaling_table,
    "benchmark": benchmark_table,
    "benchmark_float32": benchmark_table,
    "precision": precision_table,
    "precision_clinic": precision_table,
}
