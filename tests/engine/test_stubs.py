"""The stubs say what the tables of names say."""

from tools import generate_stubs


def test_stubs_are_up_to_date(capsys):
    assert generate_stubs.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stub_names_symbols_and_namespaces():
    text = generate_stubs.stub_path("").read_text(encoding="utf-8")
    assert "from lamina.engine.tensor import constant as constant\n" in text
    assert "from lamina import keras as keras\n" in text
    assert "from lamina._api import nest as nest\n" in text
    assert "__version__: str\n" in text
