import pytest

from av_detectron.engine import trainer


@pytest.mark.parametrize("fast", [True, False])
def test_where_bfloat16_would_be_emulated_training_is_in_float32_and_says_so(
    fast: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda: fast)
    with caplog.at_level("WARNING", trainer.__name__):
        assert trainer.bfloat16_or_warning() is fast
    assert ("training in float32" in caplog.text) is not fast
