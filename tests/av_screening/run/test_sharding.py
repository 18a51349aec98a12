"""Parts of a run: together what one run gives, and none in another's way."""

import sys
from pathlib import Path, PurePath

import numpy as np
import pytest
from filelock import FileLock

from av_screening.command_line.screen import main
from av_screening.run.folder import UsageError, screen_folder
from av_screening.run.sharding import Shard
from av_screening.settings import Settings
from tests.av_screening.conftest import encode
from tests.av_screening.run.test_folder import Eye, contents


def test_every_photograph_is_of_one_part() -> None:
    paths = [PurePath(f"visit {n % 7}/eye_{n}.png") for n in range(400)]
    for count in (1, 2, 7):
        parts = [Shard(number, count) for number in range(1, count + 1)]
        of = [[part.has(path) for part in parts] for path in paths]
        assert all(sum(row) == 1 for row in of)
        assert min(map(sum, zip(*of, strict=True))) > 0.6 * len(paths) / count


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", ""])
def test_parts_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="shard: expected I/N"):
        Shard.parse(text)


@pytest.fixture
def photographs(tmp_path: Path, eye: Eye) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(4):
        varied = np.clip(eye[::2, ::2].astype(int) + number, 0, 255).astype(np.uint8)
        (folder / f"eye_{number}.png").write_bytes(encode(varied))
    (folder / "bad.png").write_text("no photograph")
    return folder


def test_shards_together_are_the_run(
    photographs: Path,
    tmp_path: Path,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def on(precision: str) -> None:
        monkeypatch.setattr("av_screening.settings.best_precision", lambda device: precision)

    command = [photographs, "--weights", settings.detector, "--graders", *settings.graders]
    command += ["--min-fov", "120", "--no-close-up", "--workers", "1"]
    words = [str(word) for word in command]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    on("float32")
    assert main([*words, "--output", str(whole)]) == 1  # one photograph is bad
    codes = [main([*words, "--output", str(parts), "--shard", "2/2"])]
    on("bfloat16")  # the other machine is of another kind
    codes.append(main([*words, "--output", str(parts), "--shard", "1/2"]))
    assert sorted(codes) == [0, 1]
    assert "the same command with --resume" in capsys.readouterr().out
    assert not (parts / "summary.csv").exists()
    assert main([*words, "--output", str(parts), "--resume"]) == 1
    assert "4 photographs screened (4 earlier), 1 not" in capsys.readouterr().out
    assert contents(parts) == contents(whole)


def test_neither_writes_beside_the_other(
    photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    with FileLock(output / ".lock"), pytest.raises(UsageError, match="another run writes"):
        screen_folder(photographs, output, settings, shard=Shard(1, 2))
    with FileLock(output / ".lock-1-of-2"):
        for shard in (Shard(1, 2), None):
            with pytest.raises(UsageError, match="another run writes"):
                screen_folder(photographs, output, settings, shard=shard, resume=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--shard", "3/2"], "--shard: expected I/N with I from 1 to N, found 3/2"),
        (["--time-limit", "0"], "--time-limit: expected seconds above 0, found 0"),
        (["--ray", "--shard", "1/2"], "--ray: expected neither --shard, --time-limit nor --batch"),
        (["--batch", "0"], "--batch: expected at least 1, found 0"),
    ],
)
def test_wrong_use(
    photographs: Path,
    tmp_path: Path,
    given: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(photographs), "--output", str(tmp_path / "out"), *given])
    assert stopped.value.code == 2 and message in capsys.readouterr().err


def test_ray_that_is_not_installed(
    photographs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SystemExit) as stopped:
        main([str(photographs), "--output", str(tmp_path / "out"), "--ray"])
    assert stopped.value.code == 2 and "--ray needs Ray: pip install" in capsys.readouterr().err
