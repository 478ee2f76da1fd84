"""`bootstrap.py`: one plain line for each fault, and an environment that is never left half-made."""

import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

import bootstrap

Result = subprocess.CompletedProcess
OldVersion = namedtuple("OldVersion", "major minor micro")  # noqa: PYI024


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an empty lock instead of the real checkout."""
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "VENV_PYTHON": tmp_path / ".venv" / "bin" / "python",
        "MARK": tmp_path / ".venv" / "half-made",
        "STAMP": tmp_path / ".venv" / "dearrep-stamp",
    }.items():
        monkeypatch.setattr(bootstrap, name, value)
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
    return tmp_path


def fake_run(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Result[str]]) -> list[list[str]]:
    """Answers by a word in the command; everything else runs for real."""
    seen: list[list[str]] = []
    real = bootstrap.run

    def run(command: list[str], **options: Any) -> Any:
        seen.append(command)
        return next((answer for word, answer in answers.items() if word in command), None) or real(command, **options)

    monkeypatch.setattr(bootstrap, "run", run)
    return seen


def test_an_old_python_is_named(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_run(monkeypatch, {"--version": Result([], 1, "", "")})
    monkeypatch.setattr(sys, "version_info", OldVersion(3, 8, 18))
    assert bootstrap.main() == 1
    assert capsys.readouterr().err == (
        "Dear Rep needs Python 3.11 or newer; this is 3.8. Install one, then run: make PYTHON=python3.12 run\n"
    )


def test_an_environment_is_made_once(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installs = fake_run(monkeypatch, {"install": Result([], 0, "", ""), "import click": Result([], 0, "", "")})
    assert bootstrap.main() == 0
    assert not bootstrap.MARK.exists()
    assert (bootstrap.VENV / "bin" / "dearrep").stat().st_mode & 0o111
    said = capsys.readouterr().out
    assert "Making the virtual environment" in said
    installs.clear()
    assert bootstrap.main() == 0
    assert capsys.readouterr().out == ""
    assert not any("install" in command for command in installs)


def test_a_half_made_environment_is_made_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch, {"install": Result([], 0, "", ""), "import click": Result([], 0, "", "")})
    assert bootstrap.main() == 0
    bootstrap.MARK.touch()
    (bootstrap.VENV / "left-over").touch()
    assert bootstrap.main() == 0
    assert not (bootstrap.VENV / "left-over").exists()


def test_an_environment_of_another_python_is_made_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch, {"install": Result([], 0, "", ""), "import click": Result([], 0, "", "")})
    assert bootstrap.main() == 0
    config = bootstrap.VENV / "pyvenv.cfg"
    config.write_text(config.read_text().replace("version = 3.", "version = 2."))
    bootstrap.STAMP.unlink()
    assert bootstrap.main() == 0
    assert "version = 3." in config.read_text()


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        ("NewConnectionError('...: Failed to establish a new connection')", "Is there a network?"),
        ("ERROR: No matching distribution found for click==8", "No matching distribution found for click==8"),
        ("one\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "THESE PACKAGES DO NOT MATCH THE HASHES"),
    ],
)
def test_a_failed_install_is_one_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stderr: str, words: str
) -> None:
    fake_run(monkeypatch, {"install": Result([], 1, "", stderr)})
    assert bootstrap.main() == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert bootstrap.MARK.exists()


def test_without_pip_it_says_what_to_install(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_run(monkeypatch, {"--version": Result([], 1, "", "")})
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert bootstrap.main() == 1
    assert "apt-get install python3-pip" in capsys.readouterr().err


def test_a_debian_lends_its_pip(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seen = fake_run(monkeypatch, {"--version": Result([], 1, "", ""), "install": Result([], 0, "", "")})
    answering = bootstrap.run

    def apt(command: list[str], **options: Any) -> Any:
        if command[0] == "apt-get":
            seen.append(command)
            (Path(options["cwd"]) / "pip.deb").touch()
            return Result(command, 0, "", "")
        if command[0] == "dpkg-deb":
            wheel = Path(command[-1]) / "usr/share/python-wheels/pip-23.0.1-py3-none-any.whl"
            wheel.parent.mkdir(parents=True, exist_ok=True)
            wheel.touch()
            return Result(command, 0, "", "")
        return answering(command, **options)

    monkeypatch.setattr(bootstrap, "run", apt)
    real = bootstrap.importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else real(name))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert bootstrap.main() == 0
    assert any("python3-pip-whl" in command for command in seen)
    install = next(command for command in seen if "install" in command)
    assert install[1].endswith("pip-23.0.1-py3-none-any.whl/pip")
    assert "borrowing Debian's" in capsys.readouterr().out
