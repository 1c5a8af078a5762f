"""tf.Module and scopes of names."""

import pytest

import lamina as tf


class Block(tf.Module):
    def __init__(self, name=None):
        super().__init__(name=name)
        self.weight = tf.Variable(1.0, name="weight")
        self.parts = [tf.Module(name="inner"), {"fixed": tf.Variable(2.0, False)}]
        self.table = {"b": tf.Variable(1.0), "a": tf.Variable(1.0)}

    @tf.Module.with_name_scope
    def __call__(self, x):
        if not hasattr(self, "late"):
            self.late = tf.Variable(3.0, name="late")
        return x


def test_names():
    assert tf.Module().name == "module"
    module = tf.Module()
    assert module.name_scope is module.name_scope
    assert Block().name == "block"
    assert type("CamelCaseThing2D", (tf.Module,), {})().name == "camel_case_thing2_d"
    assert Block(name="other").name_scope.name == "other/"
    with tf.name_scope("outer"):
        assert tf.Module(name="m").name_scope.name == "outer/m/"


@pytest.mark.parametrize("name", ["1a", "a/b", "a b", ""])
def test_bad_names(name):
    with pytest.raises(ValueError, match="is not a valid module name"):
        tf.Module(name=name)


def test_variables_are_found_in_sorted_order():
    block = Block()
    block(1.0)
    expected = [
        block.late,
        block.parts[1]["fixed"],
        block.table["a"],
        block.table["b"],
        block.weight,
    ]
    assert [id(each) for each in block.variables] == [id(each) for each in expected]
    assert [each.trainable for each in block.variables] == [
        True,
        False,
        True,
        True,
        True,
    ]
    assert len(block.trainable_variables) == 4
    assert len(block.non_trainable_variables) == 1
    assert block.submodules == (block.parts[0],)
    assert block.late.name.startswith("block/late")


def test_shared_and_circular_attributes_count_once():
    block = Block()
    outer = tf.Module()
    outer.first = outer.second = block
    block.parent = outer
    assert len(outer.variables) == 4
    assert set(outer.submodules) == {block, block.parts[0]}


def test_own_variables_come_before_those_of_submodules():
    outer = tf.Module()
    outer.a = Block()
    outer.b = tf.Variable(1.0, name="own")
    assert outer.variables[0] is outer.b


def test_flatten_options():
    block = Block()
    pairs = dict(
        block._flatten(
            predicate=lambda value: isinstance(value, tf.Variable), with_path=True
        )
    )
    assert set(pairs) == {
        ("parts", 1, "fixed"),
        ("table", "a"),
        ("table", "b"),
        ("weight",),
    }
    outer = tf.Module()
    outer.block = block
    assert block.weight not in [
        value for value in outer._flatten(recursive=False) if value is block.weight
    ]


def test_unsortable_keys_in_an_attribute():
    module = tf.Module()
    module.bad = {1: 1, "a": 2}
    with pytest.raises(ValueError, match="Error processing property 'bad'"):
        _ = module.variables


def test_name_scope():
    with tf.name_scope("a") as outer, tf.name_scope("b") as inner:
        assert (outer, inner) == ("a/", "a/b/")
        with tf.name_scope("c/") as absolute:
            assert absolute == "c/"
        with tf.name_scope("") as root:
            assert root == ""
            assert tf.Variable(1.0, name="v").name.startswith("v")
    scope = tf.name_scope("again")
    with scope, scope as twice:
        assert twice == "again/again/"
    assert scope.name == "again"
    with pytest.raises(ValueError, match="name for name_scope must be a string"):
        tf.name_scope(3)


def test_order_needs_no_help():
    assert tf.no_op() is None
    assert tf.group(tf.constant(1), name="g") is None
    called = []
    with tf.control_dependencies([tf.constant(1), lambda: called.append(1)]):
        pass
    assert called == [1]
    with tf.control_dependencies(None):
        pass
    with pytest.raises(ValueError, match="only keyword argument"):
        tf.group(1, foo=2)


def test_executing_eagerly():
    seen = []

    @tf.function
    def traced(x):
        seen.append((tf.executing_eagerly(), tf.inside_function()))
        with tf.init_scope():
            seen.append(tf.executing_eagerly())
        return x

    traced(tf.constant(1))
    assert seen == [(False, True), True]
    assert tf.executing_eagerly()
    assert not tf.inside_function()
    assert tf.get_logger().name == "tensorflow"
