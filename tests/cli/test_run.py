"""`lamina run`, `lamina info` and wrong usage."""

import json
import subprocess
import sys

import pytest

from lamina.cli.main import main


def lamina(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "lamina", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


@pytest.fixture
def script(tmp_path):
    def write(text, name="program.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_script_runs_as_main_with_its_arguments(script):
    path = script(
        "import sys, os, helper, tensorflow as tf, keras\n"
        "print(__name__, sys.argv[1:], os.path.basename(sys.argv[0]), __file__)\n"
        "print(sys.path[0], helper.VALUE, tf.__version__, keras is tf.keras)\n"
    )
    script("VALUE = 3\n", "helper.py")
    done = lamina("run", path, "--epochs", "3", "-m", "x")
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"__main__ ['--epochs', '3', '-m', 'x'] program.py {path}",
        f"{path.parent} 3 2.21.0 True",
    ]
    assert done.returncode == 0


def test_a_module_runs(script, tmp_path):
    (tmp_path / "package").mkdir()
    script("", "package/__init__.py")
    script(
        "import sys, tensorflow\nprint(__name__, __package__, sys.argv[1:])\n",
        "package/train.py",
    )
    done = lamina("run", "-m", "package.train", "--fast", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout == "__main__ package ['--fast']\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit()", 0),
        ("raise SystemExit('stop')", 1),
        ("import os; os._exit(5)", 5),
    ],
)
def test_exit_codes(script, text, code):
    assert lamina("run", script(text)).returncode == code


def test_a_traceback_begins_with_the_program(script):
    path = script("def f():\n    return 1 / 0\n\nprint('before')\nf()\n")
    done = lamina("run", path)
    assert done.returncode == 1
    assert done.stdout == "before\n"
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'  File "{path}", line 5, in <module>'
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_syntax_error_is_reported_alone(script):
    done = lamina("run", script("x = = 1\n"))
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr
    assert "lamina" not in done.stderr.replace(str(script("x = = 1\n")), "")


def test_a_missing_name_names_the_nearest(script):
    done = lamina("run", script("from tensorflow.keras.optimizers import Adm\n"))
    assert done.returncode == 1
    assert "`tf.keras.optimizers.Adam`" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run"], "expected a script"),
        (["run", "--wrong"], "Received: --wrong"),
        (["run", "-m"], "expected a script, or -m and a module"),
        (["run", "no/such/file.py"], "which does not exist"),
        (["run", "-m", "no_such_module"], "expected a module"),
    ],
)
def test_wrong_usage(arguments, text):
    done = lamina(*arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_version(capsys):
    assert main(["run", "--help"]) == 0
    assert "lamina run SCRIPT" in capsys.readouterr().out
    for arguments in (["--version"], ["--help"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "TensorFlow 2.21.0" in out
    assert "demo" in out
    with pytest.raises(SystemExit) as caught:
        main(["nonsense"])
    assert caught.value.code == 2


def test_info(capsys):
    assert main(["info"]) == 0
    assert "/device:CPU:0" in capsys.readouterr().out
    assert main(["info", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["Versions"]["lamina"]
    assert found["Kernels"]["cpu"].startswith(("oneDNN", "XLA's own"))
