"""What `make run` decides before it starts anything."""

import socket

import pytest

from deploy.environment import explain
from deploy.run import HOST, read_port, refuse_used_port, write_dotenv


def test_dotenv_gets_a_random_key_and_demonstration(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    assert write_dotenv(first, None) is True
    assert write_dotenv(second, None) is True
    keys = {path.read_text().split("\nSECRET_KEY=")[1].split("\n")[0] for path in (first, second)}
    assert len(keys) == 2
    assert min(map(len, keys)) >= 50
    assert "\nDEMO=True\n" in first.read_text()
    assert first.stat().st_mode & 0o077 == 0


def test_dotenv_is_kept_and_decides(tmp_path):
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\nDEMO=False\n")
    assert write_dotenv(path, None) is False
    assert path.read_text() == "SECRET_KEY=mine\nDEMO=False\n"


@pytest.mark.parametrize(("given", "demo"), [("0", False), ("false", False), ("1", True)])
def test_dotenv_notes_a_demo_given_by_hand(tmp_path, given, demo):
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\n")
    assert write_dotenv(path, given) is demo
    assert path.read_text() == f"SECRET_KEY=mine\nDEMO={demo}\n"


def test_dotenv_refuses_an_unclear_demo(tmp_path):
    with pytest.raises(SystemExit, match="DEMO=perhaps is neither 0 nor 1"):
        write_dotenv(tmp_path / ".env", "perhaps")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "eight", "0", "65536", "-1"])
def test_port_refuses_what_is_no_port(text):
    with pytest.raises(SystemExit, match="is not a port"):
        read_port(text)


def test_port_in_use_names_another():
    with socket.socket() as holder:
        holder.bind((HOST, 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} is in use.*make run PORT="):
            refuse_used_port(port)


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("error: Failed to fetch: `simple/django/`\n  Caused by: dns error", "Check the network"),
        ("error: command 'gcc' failed: No such file or directory", "build-essential"),
        ("first\nthe last line says it\n\n", "the last line says it"),
    ],
)
def test_failed_installation_is_explained_in_one_line(output, remedy):
    line = str(explain(output, "Installing the locked packages"))
    assert remedy in line
    assert "\n" not in line
