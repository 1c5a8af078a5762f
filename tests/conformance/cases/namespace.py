"""tf.nest, tf.Module, scopes, devices, configuration, tf.test and small helpers."""

import collections

import numpy as np

from tests.conformance.helpers import raises, rng
from tests.conformance.records import case

Point = collections.namedtuple("Point", "x y")


@case("tf.nest.flatten", "tf.nest.is_nested")
def nest_flatten(tf):
    ordered = collections.OrderedDict([("b", 1), ("a", [2, (3,)])])
    values = [1, "text", ordered, Point(1, {"b": 2, "a": 3}), range(3), [], {"a": ()}]
    return {
        "leaves": [tf.nest.flatten(value) for value in values],
        "none": len(tf.nest.flatten(None)),
        "nested": [tf.nest.is_nested(value) for value in values],
        "array": tf.nest.is_nested(np.zeros(2)),
        "shape": tf.nest.is_nested(tf.TensorShape([1, 2])),
        "unsortable": raises(lambda: tf.nest.flatten({1: 2, "a": 3})),
    }


@case("tf.nest.pack_sequence_as")
def nest_pack(tf):
    pack = tf.nest.pack_sequence_as
    default = collections.defaultdict(list, b=1, a=2)
    return {
        "list": pack([1, (2, 3)], [4, 5, 6]),
        "mapping": list(pack({"b": 1, "a": 2}, [3, 4]).items()),
        "named": list(pack(Point(1, [2]), [3, 4])),
        "kinds": [
            type(pack(value, [3, 4])).__name__
            for value in (default, collections.OrderedDict(b=1, a=2), Point(1, 2))
        ],
        "leaf": pack(0, [5]),
        "few": raises(lambda: pack([1, 2], [3])),
        "many": raises(lambda: pack([], [3])),
        "two for a leaf": raises(lambda: pack(0, [3, 4])),
        "no list": raises(lambda: pack([0], 3)),
    }


@case("tf.nest.map_structure")
def nest_map(tf):
    run = tf.nest.map_structure
    return {
        "one": run(lambda x: x + 1, {"b": 1, "a": [2, (3,)]}),
        "two": run(lambda x, y: x * y, [1, {"a": 2}], [3, {"a": 4}]),
        "types": run(lambda x, y: x + y, [1], (2,), check_types=False),
        "tensors": run(tf.square, [tf.constant(2.0), tf.constant([3.0])]),
        "lengths": raises(lambda: run(max, [1], [1, 2])),
        "kinds": raises(lambda: run(max, [1], (1,))),
        "no function": raises(lambda: run(3, [1])),
        "nothing": raises(lambda: run(len)),
        "keyword": raises(lambda: run(len, [1], foo=1)),
    }


@case("tf.nest.assert_same_structure")
def nest_assert(tf):
    pairs = [
        ([1], (1,)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, collections.OrderedDict(a=2)),
        (1, [1]),
        (Point(1, 2), (1, 2)),
        ([1, [2]], [[1], 2]),
    ]
    check = tf.nest.assert_same_structure
    return {
        "strict": [raises(lambda pair=pair: check(*pair)) for pair in pairs],
        "loose": [
            raises(lambda pair=pair: check(*pair, check_types=False)) for pair in pairs
        ],
    }


@case(
    "tf.Module",
    "tf.Module.variables",
    "tf.Module.trainable_variables",
    "tf.Module.submodules",
    "tf.Module.with_name_scope",
    "tf.name_scope",
)
def modules(tf):
    class Inner(tf.Module):
        def __init__(self):
            super().__init__()
            self.fixed = tf.Variable(1.0, trainable=False, name="fixed")

    class OuterModule2D(tf.Module):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.table = {"b": tf.Variable(2.0), "a": [tf.Variable(3.0)]}
            self.inner = Inner()
            self.again = self.inner
            self.late = None

        @tf.Module.with_name_scope
        def __call__(self, x):
            self.late = tf.Variable(4.0, name="late")
            return x * self.late

    module = OuterModule2D()
    result = module(tf.constant(2.0))
    with tf.name_scope("one") as one, tf.name_scope("two") as two:
        scopes = [one, two, tf.Module(name="m").name_scope.name]
        with tf.name_scope("three/") as three, tf.name_scope("") as root:
            scopes += [three, root]
    return {
        "names": [module.name, module.name_scope.name, module.late.name],
        "values": [variable.numpy() for variable in module.variables],
        "trainable": [variable.numpy() for variable in module.trainable_variables],
        "fixed": [each.numpy() for each in module.non_trainable_variables],
        "submodules": [each.name for each in module.submodules],
        "result": result,
        "scopes": scopes,
        "bad": [raises(lambda n=n: tf.Module(name=n)) for n in ("1a", "a/b", "a b")],
        "bad scope": raises(lambda: tf.name_scope(3)),
    }


@case(
    "tf.device",
    "tf.config.list_physical_devices",
    "tf.config.list_logical_devices",
    "tf.config.get_visible_devices",
    "tf.config.set_visible_devices",
    "tf.config.get_soft_device_placement",
)
def devices(tf):
    found = tf.config.list_physical_devices("CPU")
    tf.config.set_visible_devices([], "GPU")
    with tf.device("/CPU:0"):
        inside = tf.constant([1.0]) + 1.0
    with tf.device("cpu"):
        again = tf.constant([1.0]) + 1.0

    def wrong(name):
        with tf.device(name):
            return tf.constant(1.0)

    return {
        "physical": [tuple(each) for each in found],
        "visible": [tuple(each) for each in tf.config.get_visible_devices("CPU")],
        "logical": tf.config.list_logical_devices("CPU")[0].name,
        "device": [inside.device, again.device],
        "soft": tf.config.get_soft_device_placement(),
        "wrong": [raises(lambda: wrong("nonsense")), raises(lambda: wrong(5))],
        "unknown": raises(
            lambda: tf.config.set_visible_devices(
                [tf.config.PhysicalDevice("x", "CPU")]
            )
        ),
        "growth": raises(
            lambda: tf.config.experimental.set_memory_growth(found[0], True)
        ),
        "memory": raises(lambda: tf.config.experimental.get_memory_info("CPU:0")),
    }


@case(
    "tf.config.run_functions_eagerly",
    "tf.config.functions_run_eagerly",
    "tf.executing_eagerly",
    "tf.init_scope",
    "tf.control_dependencies",
    "tf.group",
    "tf.no_op",
)
def eagerness(tf):
    seen = []

    @tf.function
    def traced(x):
        seen.append(tf.executing_eagerly())
        with tf.init_scope():
            seen.append(tf.executing_eagerly())
        with tf.control_dependencies([x]):
            return x + 1

    results = [traced(tf.constant(1))]
    tf.config.run_functions_eagerly(True)
    try:
        seen.append(tf.config.functions_run_eagerly())
        results.append(traced(tf.constant(1)))
    finally:
        tf.config.run_functions_eagerly(False)
    return {
        "results": results,
        "seen": seen,
        "eager": tf.executing_eagerly(),
        "nothing": [tf.no_op() is None, tf.group(tf.constant(1)) is None],
    }


@case(
    "tf.compat.as_bytes",
    "tf.compat.as_text",
    "tf.compat.as_str",
    "tf.compat.as_str_any",
    "tf.compat.dimension_value",
    "tf.version.VERSION",
)
def text_helpers(tf):
    compat = tf.compat
    return {
        "bytes": [compat.as_bytes("é").hex(), compat.as_bytes(b"a").hex()],
        "text": [compat.as_text(b"a"), compat.as_str("a"), compat.as_str_any(3)],
        "wrong": [
            raises(lambda: compat.as_bytes(3)),
            raises(lambda: compat.as_text(3)),
        ],
        "size": compat.dimension_value(3),
        "version": tf.version.VERSION,
    }


@case("tf.test.TestCase", "tf.test.compute_gradient")
def test_case(tf):
    tester = tf.test.TestCase()
    checks = {
        "close": lambda: tester.assertAllClose([1.0], [1.0 + 1e-8]),
        "not close": lambda: tester.assertAllClose([1.0], [1.1]),
        "shapes": lambda: tester.assertAllClose([1.0], [[1.0]]),
        "structure": lambda: tester.assertAllClose({"a": [1.0]}, {"a": [1.0]}),
        "equal": lambda: tester.assertAllEqual([1, 2], tf.constant([1, 2])),
        "not equal": lambda: tester.assertAllEqual([1, 2], [1, 3]),
        "nan": lambda: tester.assertAllEqual([np.nan], [np.nan]),
        "near": lambda: tester.assertNear(1.0, 1.5, 0.1),
        "range": lambda: tester.assertAllInRange([1, 2], 1, 2),
    }
    exact, numeric = tf.test.compute_gradient(
        lambda x, y: x * y, [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]
    )
    return {
        "checks": {name: raises(check) for name, check in checks.items()},
        "exact": exact,
        "numeric": [np.round(each, 1) for each in numeric],
    }


@case("tf.keras.utils.pad_sequences", "tf.keras.preprocessing.sequence.pad_sequences")
def padded_sequences(tf):
    pad = tf.keras.utils.pad_sequences
    given = [[1], [2, 3], [], [4, 5, 6]]
    return {
        "default": pad(given),
        "cut": pad(given, maxlen=2),
        "post": pad(given, 2, "float32", "post", "post", 0.5),
        "deep": pad([[[1, 2]], [[3, 4], [5, 6]]]),
        "wrong": [
            raises(lambda: pad([1])),
            raises(lambda: pad([[1]], padding="x")),
            raises(lambda: pad([[1]], value="a")),
        ],
    }


@case("tf.keras.applications.imagenet_utils.preprocess_input")
def imagenet_images(tf):
    image = rng(0).integers(0, 255, (4, 5, 3)).astype("float32")
    prepare = tf.keras.applications.imagenet_utils.preprocess_input
    return {
        "prepared": [
            prepare(image.copy(), mode=mode) for mode in ("caffe", "tf", "torch")
        ],
        "tensor": prepare(tf.constant(image), mode="torch"),
        "unknown": raises(lambda: prepare(image.copy(), mode="x")),
    }
