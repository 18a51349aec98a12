"""Why a crossing has its grade, in sentences."""

from av_screening.write.why import why_this_grade


def test_every_column_has_its_sentence() -> None:
    row = {"grade": 2, "p0": "0.1", "p1": "0.2", "p2": "0.6", "p3": "0.1", "spread": "0.25"}
    row |= {"ratio_first": "0.91", "ratio_second": 0.5, "caliber_grade": 2}
    row |= {"gradable": 1, "gradable_probability": "0.9", "above_artery_probability": "0.8"}
    row |= {"disc_distance_dd": "1.26", "disc_zone": "B", "not_measurable": ""}
    assert why_this_grade(row) == [
        "It can be graded with a probability of 90 %.",
        "The artery lies above with a probability of 80 %.",
        "Grade 2: the expected grade is 1.70 (probabilities 0: 10 %, 1: 20 %, 2: 60 %, 3: 10 %).",
        "The graders' mean grades differ by 0.25 (standard deviation).",
        "Measured at its walls, beside the artery the vein has this share of its own width: "
        "91 % on the first side, 50 % on the second side.",
        "From these widths alone the grade would be 2.",
        "It lies 1.3 disc diameters from the disc's centre, in zone B.",
    ]


def test_what_is_not_known_is_passed_over() -> None:
    missing = {"gradable": "0", "not_gradable_reason": "vein_too_thin", "grade": "", "p0": ""}
    assert why_this_grade(missing) == ["Not gradable: vein too thin."]
    assert why_this_grade({"not_measurable": "the vein ends"}) == [
        "No grader was given: there is no grade until a reader sets one.",
        "Width not measured: the vein ends.",
    ]
